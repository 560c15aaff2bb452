#pragma once
// What the user's options ask of samplers and loaders.

#include "trainer/data/distributed_sampler.h"
#include "trainer/data/loader.h"
#include "trainer/options/train_options.h"

namespace skein {

/// Which of how many ranks.
struct RankShare {
  int world_size = 1;
  int rank = 0;
};

/// Every image exactly once over all ranks; of training in another order each epoch.
SamplerOptions training_sampler_options(const TrainOptions& options, std::size_t num_images, RankShare share);
SamplerOptions validation_sampler_options(const TrainOptions& options, std::size_t num_images, RankShare share);

LoaderOptions training_loader_options(const TrainOptions& options, int num_workers);
LoaderOptions validation_loader_options(const TrainOptions& options, int num_workers);

PixelOptions pixel_options(const TrainOptions& options, bool is_training);

}  // namespace skein
