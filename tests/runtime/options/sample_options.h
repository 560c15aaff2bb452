#pragma once
// A small program's options, as the tests of the table use them.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/options/option_table.h"

namespace skein {

struct SampleOptions {
  std::filesystem::path data_path = "data";
  std::string model = "resnet18";
  int batch_size = 32;
  std::int64_t epochs = 90;
  std::uint64_t seed = 0;
  double lr = 0.1;
  bool amp = false;
  bool pin = true;
  std::optional<double> clip;
  std::optional<std::filesystem::path> weights;
  std::vector<int> milestones;
  int print_freq = 10;
};

inline void add_sample_options(OptionTable& table, SampleOptions& options) {
  table.accept_config_file();
  table.group("Data");
  table.add("--data-path", options.data_path, "directory with train/ and val/").unit("DIR");
  table.add("--batch-size,-b", options.batch_size, "images per rank and step").at_least(1).unit("IMAGES");
  table.group("Model");
  table.add("--model", options.model, "network").choices({"resnet18", "resnet50"});
  table.add("--weights", options.weights, "file of initial weights").existing_file();
  table.group("Training");
  table.add("--epochs,--num_epochs", options.epochs, "passes over the data").at_least(0);
  table.add("--lr", options.lr, "learning rate").more_than(0);
  table.add("--clip", options.clip, "largest gradient norm").range(0, 100);
  table.add("--milestones", options.milestones, "epochs at which the rate drops").at_least(1);
  table.add("--seed", options.seed, "random seed");
  table.add("--amp", options.amp, "mixed precision");
  table.add("--pin", options.pin, "pinned memory");
  table.add("--print-freq", options.print_freq, "steps between progress lines").not_compared();
}

/// A table and its variables together.
struct Sample {
  SampleOptions options;
  OptionTable table{"sample", "Does things.", "1.2.3"};
  Sample() { add_sample_options(table, options); }
  ParseResult parse(std::vector<std::string> words) { return table.parse(words); }
};

}  // namespace skein
