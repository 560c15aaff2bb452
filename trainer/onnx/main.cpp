// skein-export (run as `skein export`): turns the weights of a network into an ONNX file.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/run_main.h"
#include "runtime/process/text.h"
#include "trainer/data/image/interpolation.h"
#include "trainer/models/resnet_shape.h"
#include "trainer/onnx/export_onnx.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct ExportOptions {
  std::string weights;
  std::string output;
  std::optional<std::string> model;
  std::optional<fs::path> classes;
  std::optional<int> resize_size;
  std::optional<int> crop_size;
  std::optional<std::string> interpolation;
};

OptionTable export_options(ExportOptions& options) {
  OptionTable table("skein-export",
                    "Turns the weights of a ResNet into an ONNX file, reads it back and checks that it computes the same. What is not "
                    "given is taken from the run in whose outputs/ the weights lie.",
                    SKEIN_VERSION);
  table.argument("WEIGHTS", options.weights, ".safetensors, or a .pth of torch.save(model.state_dict())");
  table.argument("FILE", options.output, "the ONNX file; else WEIGHTS with the ending .onnx", /*is_required=*/false);
  table.add("--model", options.model, "network that the weights are of").choices(resnet_names());
  table.add("--classes", options.classes, "classes.json of the training: their names go into the file").unit("FILE").existing_file();
  table.add("--val-resize-size", options.resize_size, "recorded in the file: shorter side of a picture before the crop; else 256")
      .unit("PIXELS")
      .at_least(1);
  table.add("--val-crop-size", options.crop_size, "recorded in the file, and side of the pictures that it is checked with; else 224")
      .unit("PIXELS")
      .at_least(1);
  table.add("--interpolation", options.interpolation, "recorded in the file: filter by which pictures are resized; else bilinear")
      .choices(interpolation_names());
  return table;
}

json read_json(const fs::path& file) {
  std::ifstream in(file);
  json contents = json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (contents.is_discarded()) throw DataError(file.string() + " is not JSON", "give the file that the training wrote");
  return contents;
}

std::vector<std::string> read_classes(const fs::path& file) {
  try {
    return read_json(file).at("classes").get<std::vector<std::string>>();
  } catch (const json::exception&) {
    throw DataError(file.string() + " holds no list \"classes\"", "give the classes.json that the training wrote");
  }
}

/// The options of the run that the weights belong to; empty where they belong to none.
json parameters_of_run(const fs::path& weights) {
  const fs::path record = weights.parent_path() / ".." / "run.json";
  if (weights.parent_path().filename() != "outputs" || !fs::exists(record)) return json::object();
  return read_json(record).value("parameters", json::object());
}

OnnxDescription describe(const ExportOptions& options) {
  const fs::path weights = fs::absolute(options.weights).lexically_normal();
  const json run = parameters_of_run(weights);
  OnnxDescription description;
  description.model = options.model.value_or(run.value("model", ""));
  if (description.model.empty())
    throw UsageError(concat("--model is needed: ", options.weights, " does not lie in the outputs/ of a run"),
                     "name the network, e.g. --model resnet50");
  description.resize_size = options.resize_size.value_or(run.value("val_resize_size", description.resize_size));
  description.crop_size = options.crop_size.value_or(run.value("val_crop_size", description.crop_size));
  description.interpolation = options.interpolation.value_or(run.value("interpolation", description.interpolation));
  description.antialias = run.value("antialias", description.antialias);
  description.turn_upright = run.value("exif_orientation", "apply") == "apply";
  const fs::path beside = weights.parent_path() / "classes.json";
  if (options.classes)
    description.classes = read_classes(*options.classes);
  else if (!run.empty() && fs::exists(beside))
    description.classes = read_classes(beside);
  return description;
}

int run(int argc, char** argv) {
  ExportOptions options;
  OptionTable table = export_options(options);
  if (!table.parse_or_print(argc, argv, std::cout)) return 0;
  if (!fs::is_regular_file(options.weights)) throw UsageError(concat("WEIGHTS ", options.weights, " is no file"), "check its path");
  const fs::path output = options.output.empty() ? fs::path(options.weights).replace_extension(".onnx") : fs::path(options.output);
  const OnnxExport done = export_weights(options.weights, describe(options), output, "the argument FILE");
  std::cout << output.string() << " and " << done.sample.filename().string() << "\n" << done.summary() << "\n";
  return 0;
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main("skein-export", [&] { return skein::run(argc, argv); });
}
