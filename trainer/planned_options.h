#pragma once
// What the ranks together make of the options: how --global-batch-size is divided and to what --lr is scaled.

#include "collectives/communicator.h"
#include "trainer/batch_plan.h"
#include "trainer/training_job.h"

namespace skein {

struct PlannedOptions {
  BatchPlan plan;
  TrainOptions options;  ///< with the plan's numbers; what the user has asked for stays in the request's table
};

/// Throws RefusedStart on all ranks where they were started with different options, or where these cannot be divided among them.
/// Collective.
PlannedOptions plan_options(Communicator& communicator, const TrainingRequest& asked);

/// Into the log, and in front of the user: the recipe, the batches and the rate, and what is wrong with it for an epoch of so many images.
void announce_plan(const TrainingRequest& asked, const PlannedOptions& planned, std::size_t num_images, int world_size,
                   Progress& progress);

}  // namespace skein
