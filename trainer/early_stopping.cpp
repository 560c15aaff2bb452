#include "trainer/early_stopping.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/process/text.h"

namespace skein {
namespace {

bool is_of_loss(const EarlyStoppingOptions& options) {
  return options.metric == "val/loss";
}

}  // namespace

EarlyStoppingState after_epoch(const EarlyStoppingOptions& options, const EarlyStoppingState& before, int epoch, const Tally& validation) {
  const double value = is_of_loss(options) ? validation.mean_loss() : validation.accuracy();
  const bool is_first = before.metric != options.metric;
  const double gain = is_of_loss(options) ? before.best - value : value - before.best;
  if (std::isfinite(value) && (is_first || gain > options.delta)) return {options.metric, value, epoch, 0};
  if (is_first) return {};
  EarlyStoppingState after = before;
  ++after.epochs_without_gain;
  return after;
}

bool is_over(const EarlyStoppingOptions& options, const EarlyStoppingState& state) {
  return options.patience > 0 && state.metric == options.metric && state.epochs_without_gain >= options.patience;
}

std::string describe(const EarlyStoppingOptions& options, const EarlyStoppingState& state) {
  return concat("early stopping: ", state.metric, is_of_loss(options) ? " has not fallen by more than " : " has not risen by more than ",
                options.delta, is_of_loss(options) ? " below " : " above ", state.best, " of epoch ", state.best_epoch + 1, " in ",
                state.epochs_without_gain, state.epochs_without_gain == 1 ? " epoch" : " epochs");
}

nlohmann::json to_json(const EarlyStoppingState& state) {
  return {{"metric", state.metric},
          {"best", state.best},
          {"best_epoch", state.best_epoch},
          {"epochs_without_gain", state.epochs_without_gain}};
}

EarlyStoppingState early_stopping_state_of(const nlohmann::json& json) {
  return {json.at("metric"), json.at("best"), json.at("best_epoch"), json.at("epochs_without_gain")};
}

}  // namespace skein
