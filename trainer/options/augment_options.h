#pragma once
// From the user's flags to what the data path does with a training picture after crop and mirror.

#include "trainer/data/augment/augment_options.h"
#include "trainer/options/train_options.h"

namespace skein {

/// Throws UsageError naming the flag whose values do not fit together.
AugmentOptions augment_options(const TrainOptions& options);

}  // namespace skein
