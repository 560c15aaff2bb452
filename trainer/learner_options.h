#pragma once
// From what the user has asked for to what a Learner, its schedule and its end do.

#include "trainer/early_stopping.h"
#include "trainer/learner.h"
#include "trainer/learning_rate.h"
#include "trainer/options/train_options.h"

namespace skein {

/// All but num_classes and num_threads, which depend on data and machine.
LearnerOptions learner_options(const TrainOptions& options, int world_size);

LearningRateOptions learning_rate_options(const TrainOptions& options);
EarlyStoppingOptions early_stopping_options(const TrainOptions& options);

}  // namespace skein
