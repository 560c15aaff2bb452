#pragma once
// From what the user has asked for to what a Learner does.

#include "trainer/learner.h"
#include "trainer/options/train_options.h"

namespace skein {

/// All but num_classes and num_threads, which depend on data and machine.
LearnerOptions learner_options(const TrainOptions& options, int world_size);

}  // namespace skein
