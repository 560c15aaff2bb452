#pragma once
// torchvision's RandomErasing (Zhong et al.: Random Erasing Data Augmentation, AAAI 2020) on a normalised image.

#include <optional>

#include "trainer/data/augment/augment_options.h"
#include "trainer/data/counter_random.h"
#include "trainer/data/image/image.h"

namespace skein {

/// The box to erase, if any: none with probability 1 - options.probability, and where ten tries found none that is smaller
/// than the image.
std::optional<ImageBox> draw_erased_box(const RandomErasingOptions& options, ImageSize image, CounterRandom& random);

/// `image`: height x width x 3 floats. Random values come from `random`, row by row.
void erase_box(const RandomErasingOptions& options, const ImageBox& box, CounterRandom& random, float* image,
               ImageSize image_size);

}  // namespace skein
