#pragma once
// Where the pixels of a training or validation picture come from. A transform first decides this, as a pure
// function of the picture's size and of (seed, epoch, index), and only then are pixels touched: a decoder may
// skip the rest.

#include <cstdint>

#include "trainer/data/augment/augment_options.h"
#include "trainer/data/image/resample.h"

namespace skein {

/// Which random numbers an image gets. Not used by validation.
struct ImageKey {
  uint64_t seed = 0;
  uint64_t epoch = 0;
  uint64_t index = 0;  ///< of the image in its source, and which appearance in the epoch it is: image + repeat * kMaxImages
  static constexpr uint64_t kMaxImages = uint64_t{1} << 40;
};

/// torchvision's RandomResizedCrop followed by RandomHorizontalFlip; defaults as there.
struct TrainTransform {
  int crop_size = 224;
  double min_scale = 0.08, max_scale = 1.0;             ///< share of the area
  double min_ratio = 3.0 / 4.0, max_ratio = 4.0 / 3.0;  ///< width over height
  double flip_probability = 0.5;
  AugmentOptions augment;  ///< after the flip
};

/// torchvision's Resize (shorter side) followed by CenterCrop.
struct EvalTransform {
  int resize_size = 256;
  int crop_size = 224;
};

/// Throws UsageError where a value makes no sense (size below 1, empty range, probability outside [0, 1]).
void check(const TrainTransform& transform);
void check(const EvalTransform& transform);

/// The random numbers come from CounterRandom(seed, epoch, index, kPlacement); see there.
Placement place(const TrainTransform& transform, ImageSize image, const ImageKey& key);
Placement place(const EvalTransform& transform, ImageSize image);

}  // namespace skein
