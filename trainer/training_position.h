#pragma once
// Where in the training a checkpoint was taken, free of LibTorch.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "trainer/early_stopping.h"
#include "trainer/tally.h"

namespace skein {

struct TrainingPosition {
  int epoch = 0;                    ///< 0-based; with images_done 0 it has not begun
  std::int64_t images_done = 0;     ///< of the epoch, by all ranks, in the epoch's order
  bool is_epoch_trained = false;    ///< all images done and buffers equal on all ranks; the evaluation is still to come
  std::int64_t num_steps_done = 0;  ///< of the optimizer, in all epochs
  std::int64_t num_steps_skipped = 0;
  double best_accuracy = -1;        ///< per cent, on the validation images; -1: none yet
  Tally epoch_so_far;
  EarlyStoppingState early_stopping;
};

nlohmann::json to_json(const TrainingPosition& position);
/// Throws nlohmann::json::exception for what is missing.
TrainingPosition position_of(const nlohmann::json& json);

}  // namespace skein
