#pragma once
// From the images that all ranks take at a step to those of one rank and to the learning rate, free of LibTorch.

#include <cstdint>
#include <string>

#include "trainer/options/train_options.h"

namespace skein {

struct BatchPlan {
  int batch_size = 32;  ///< images of a rank at a time
  int accumulate = 1;   ///< times for a step
  std::int64_t images_per_step = 32;  ///< of all ranks
  double lr_factor = 1;               ///< of --lr and --head-lr
};

/// What `options` ask of that many ranks. Throws UsageError where --global-batch-size cannot be divided, saying what can.
BatchPlan plan_batches(const TrainOptions& options, int world_size);

/// `options` with the plan's numbers in the place of those that the user has given for all ranks.
TrainOptions with_plan(const TrainOptions& options, const BatchPlan& plan);

/// "1024 images a step: 2 ranks take 8 batches of 64", and, with --lr-scaling, "lr 0.1 for 256 images a step -> 0.4 for 1024, linear
/// rule (Goyal et al. 2017)"; empty where it goes without saying. `options`: as the user gave them.
std::string describe_batches(const TrainOptions& options, const BatchPlan& plan, int world_size);
std::string describe_rate(const TrainOptions& options, const BatchPlan& plan);

/// Why the scaled rate may be too high: an epoch of `num_images` has few steps. Empty: it may not.
std::string few_steps_warning(const TrainOptions& options, const BatchPlan& plan, std::size_t num_images);

}  // namespace skein
