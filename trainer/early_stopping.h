#pragma once
// When a training ends because it no longer gets better, free of LibTorch.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "trainer/tally.h"

namespace skein {

struct EarlyStoppingOptions {
  int patience = 0;      ///< epochs without a gain after which it ends; 0: never
  double delta = 0;      ///< a gain is more than this: per cent, or of the loss
  std::string metric = "val/accuracy";  ///< or val/loss
};

/// What has been seen so far; part of a checkpoint.
struct EarlyStoppingState {
  std::string metric;  ///< empty: nothing has been seen
  double best = 0;
  int best_epoch = 0;  ///< 0-based
  int epochs_without_gain = 0;
};

/// After the evaluation of `epoch`, 0-based. Pure, so that ranks with the same tally agree. A value that is not finite is no gain; a state
/// of another metric is forgotten.
EarlyStoppingState after_epoch(const EarlyStoppingOptions& options, const EarlyStoppingState& before, int epoch, const Tally& validation);

bool is_over(const EarlyStoppingOptions& options, const EarlyStoppingState& state);

/// "early stopping: val/accuracy has not risen by more than 0 above 83.5 of epoch 4 in 3 epochs"
std::string describe(const EarlyStoppingOptions& options, const EarlyStoppingState& state);

nlohmann::json to_json(const EarlyStoppingState& state);
/// Throws nlohmann::json::exception for what is missing.
EarlyStoppingState early_stopping_state_of(const nlohmann::json& json);

}  // namespace skein
