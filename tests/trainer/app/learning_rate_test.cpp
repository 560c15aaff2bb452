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
  options.power = entry.value("power", options.power);
  options.per_step = entry.value("per_step", false);
  options.one_cycle.rising_share = entry.value("rising_share", 0.0);
  options.one_cycle.first_divisor = entry.value("first_divisor", 0.0);
  options.one_cycle.last_divisor = entry.value("last_divisor", 0.0);
  options.one_cycle.anneal = entry.value("anneal", "cos");
  options.one_cycle.momentum = entry.value("momentum", std::vector<double>());
  return options;
}

constexpr std::int64_t kStepsPerEpoch = 3;  // as in make_learning_rates.py

ScheduleStep place_of(const LearningRateOptions& options, std::int64_t tick) {
  if (!changes_within_epochs(options)) return {static_cast<int>(tick), 2, kStepsPerEpoch};
  return {static_cast<int>(tick / kStepsPerEpoch), tick % kStepsPerEpoch, kStepsPerEpoch};
}

/// expected/learning_rates.json was made by torch.optim.lr_scheduler, see make_learning_rates.py.
TEST(LearningRate, EqualsPyTorch) {
  std::ifstream in(std::string(EXPECTED_DIR) + "/learning_rates.json");
  const auto entries = nlohmann::json::parse(in);
  ASSERT_GE(entries.size(), 60u);
  for (const auto& entry : entries) {
    const LearningRateOptions options = options_of(entry);
    const std::size_t num_ticks = options.num_epochs * (changes_within_epochs(options) ? kStepsPerEpoch : 1);
    ASSERT_EQ(entry.at("rates").size(), num_ticks);
    for (std::size_t tick = 0; tick < num_ticks; ++tick) {
      const ScheduleStep place = place_of(options, static_cast<std::int64_t>(tick));
      const double expected = entry.at("rates").at(tick);
      EXPECT_NEAR(learning_rate(options, place), expected, 1e-12 + 1e-9 * expected) << "at " << tick << " of " << entry.dump();
      const std::optional<double> momentum = cycled_momentum(options, place);
      ASSERT_EQ(momentum.has_value(), entry.contains("momenta"));
      if (!momentum) continue;
      EXPECT_NEAR(*momentum, entry.at("momenta").at(tick).get<double>(), 1e-9) << "at " << tick << " of " << entry.dump();
    }
  }
}

TEST(LearningRate, OneCycleKeepsTheMomentumUnlessAsked) {
  LearningRateOptions options;
  options.scheduler = "onecyclelr";
  EXPECT_FALSE(cycled_momentum(options, {}).has_value());
  options.one_cycle.momentum = {0.8, 0.9};
  EXPECT_EQ(cycled_momentum(options, {}), 0.9);
  options.scheduler = "steplr";
  EXPECT_FALSE(cycled_momentum(options, {}).has_value());
}

TEST(LearningRate, RefusesUnknownNames) {
  LearningRateOptions options;
  options.scheduler = "wobbly";
  EXPECT_THROW(learning_rate(options, {}), UsageError);
  options.scheduler = "onecyclelr";
  options.one_cycle.anneal = "wobbly";
  EXPECT_THROW(learning_rate(options, {}), UsageError);
  options.scheduler = "steplr";
  options.num_warmup_epochs = 1;
  options.warmup_method = "wobbly";
  EXPECT_THROW(learning_rate(options, {}), UsageError);
}

}  // namespace
}  // namespace skein
