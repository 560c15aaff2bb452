#include "trainer/early_stopping.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "trainer/training_position.h"

namespace skein {
namespace {

Tally with_accuracy(double per_cent) {
  return {.loss = 0, .correct = per_cent, .num_images = 100};
}
Tally with_loss(double mean) {
  return {.loss = mean * 10, .correct = 1, .num_images = 10};
}

/// Epochs until it is over, or all.
int epochs_of(const EarlyStoppingOptions& options, const std::vector<Tally>& epochs) {
  EarlyStoppingState state;
  for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch) {
    state = after_epoch(options, state, static_cast<int>(epoch), epochs[epoch]);
    if (is_over(options, state)) return static_cast<int>(epoch) + 1;
  }
  return static_cast<int>(epochs.size());
}

std::vector<Tally> accuracies(const std::vector<double>& values) {
  std::vector<Tally> tallies;
  for (const double value : values) tallies.push_back(with_accuracy(value));
  return tallies;
}

TEST(EarlyStopping, WaitsForAGain) {
  const std::vector<Tally> epochs = accuracies({50, 60, 60, 59, 60.5, 60, 60, 60});
  EXPECT_EQ(epochs_of({.patience = 2}, epochs), 4) << "an equal value is no gain";
  EXPECT_EQ(epochs_of({.patience = 3}, epochs), 8);
  EXPECT_EQ(epochs_of({.patience = 3, .delta = 1}, epochs), 5) << "half a per cent is none";
  EXPECT_EQ(epochs_of({.patience = 0}, epochs), 8);
  EXPECT_EQ(epochs_of({.patience = 1}, accuracies({0, 0})), 2) << "the first epoch is a gain, whatever it brings";
}

TEST(EarlyStopping, LooksAtTheLoss) {
  const EarlyStoppingOptions options{.patience = 2, .metric = "val/loss"};
  EXPECT_EQ(epochs_of(options, {with_loss(3), with_loss(2), with_loss(2.5), with_loss(1.9), with_loss(2), with_loss(1.9)}), 6);
  const Tally broken = with_loss(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(epochs_of(options, {broken, broken, with_loss(2), broken, broken, with_loss(1)}), 5);
}

TEST(EarlyStopping, SaysWhy) {
  EarlyStoppingOptions options{.patience = 2};
  EarlyStoppingState state;
  for (int epoch = 0; epoch < 4; ++epoch) state = after_epoch(options, state, epoch, with_accuracy(epoch == 1 ? 80.5 : 70));
  EXPECT_EQ(describe(options, state), "early stopping: val/accuracy has not risen by more than 0 above 80.5 of epoch 2 in 2 epochs");
  options = {.patience = 1, .delta = 0.1, .metric = "val/loss"};
  state = after_epoch(options, after_epoch(options, {}, 0, with_loss(2)), 1, with_loss(1.95));
  EXPECT_EQ(describe(options, state), "early stopping: val/loss has not fallen by more than 0.1 below 2 of epoch 1 in 1 epoch");
}

TEST(EarlyStopping, ForgetsAnotherMetric) {
  const EarlyStoppingOptions accuracy{.patience = 1}, loss{.patience = 1, .metric = "val/loss"};
  const EarlyStoppingState state = after_epoch(accuracy, after_epoch(accuracy, {}, 0, with_accuracy(9)), 1, with_accuracy(9));
  EXPECT_TRUE(is_over(accuracy, state));
  EXPECT_FALSE(is_over(loss, state));
  EXPECT_FALSE(is_over(loss, after_epoch(loss, state, 2, with_loss(100))));
}

TEST(EarlyStopping, IsPartOfAPosition) {
  TrainingPosition position;
  position.early_stopping = {"val/loss", 1.25, 3, 2};
  nlohmann::json json = to_json(position);
  const EarlyStoppingState again = position_of(nlohmann::json::parse(json.dump())).early_stopping;
  EXPECT_EQ(again.metric, "val/loss");
  EXPECT_EQ(again.best, 1.25);
  EXPECT_EQ(again.best_epoch, 3);
  EXPECT_EQ(again.epochs_without_gain, 2);
  json.erase("early_stopping");  // before there was any
  EXPECT_EQ(position_of(json).early_stopping.metric, "");
}

}  // namespace
}  // namespace skein
