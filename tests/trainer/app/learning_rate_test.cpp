#include "trainer/learning_rate.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"

namespace skein {
namespace {

LearningRateOptions options_of(const nlohmann::json& entry) {
  LearningRateOptions options;
  options.initial = entry.at("lr");
  options.num_epochs = entry.at("epochs");
  options.scheduler = entry.at("scheduler");
  options.step_size = entry.at("step_size");
  options.milestones = entry.at("milestones").get<std::vector<int>>();
  options.gamma = entry.at("gamma");
  options.minimum = entry.at("minimum");
  options.num_warmup_epochs = entry.at("warmup_epochs");
  options.warmup_method = entry.at("warmup_method");
  options.warmup_decay = entry.at("warmup_decay");
  return options;
}

/// expected/learning_rates.json was made by torch.optim.lr_scheduler, see make_learning_rates.py.
TEST(LearningRate, EqualsPyTorch) {
  std::ifstream in(std::string(EXPECTED_DIR) + "/learning_rates.json");
  const auto entries = nlohmann::json::parse(in);
  ASSERT_GE(entries.size(), 20u);
  for (const auto& entry : entries) {
    const LearningRateOptions options = options_of(entry);
    for (int epoch = 0; epoch < options.num_epochs; ++epoch) {
      const double expected = entry.at("rates").at(epoch);
      EXPECT_NEAR(learning_rate(options, epoch), expected, 1e-12 + 1e-9 * expected)
          << "epoch " << epoch << " of " << entry.dump();
    }
  }
}

TEST(LearningRate, RefusesUnknownNames) {
  LearningRateOptions options;
  options.scheduler = "wobbly";
  EXPECT_THROW(learning_rate(options, 0), UsageError);
  options.num_warmup_epochs = 1;
  options.warmup_method = "wobbly";
  EXPECT_THROW(learning_rate(options, 0), UsageError);
}

}  // namespace
}  // namespace skein
