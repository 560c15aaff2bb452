#pragma once
// Draws what a policy does to one picture. Distributions are torchvision's; the numbers come from the given stream.

#include "trainer/data/augment/augment_options.h"
#include "trainer/data/augment/augment_plan.h"
#include "trainer/data/counter_random.h"
#include "trainer/data/image/image.h"

namespace skein {

/// Each adds to `plan`.
void plan_rand_augment(const RandAugmentOptions& options, ImageSize image, CounterRandom& random, AugmentPlan& plan);
void plan_trivial_augment_wide(int num_bins, ImageSize image, CounterRandom& random, AugmentPlan& plan);
void plan_aug_mix(const AugMixOptions& options, ImageSize image, CounterRandom& random, AugmentPlan& plan);
/// One of the three that AutoAugment learned.
void plan_auto_augment(AutoAugmentPolicy policy, ImageSize image, CounterRandom& random, AugmentPlan& plan);

void plan_color_jitter(const ColorJitterOptions& options, CounterRandom& random, AugmentPlan& plan);

}  // namespace skein
