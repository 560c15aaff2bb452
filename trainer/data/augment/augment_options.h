#pragma once
// What can be asked for between crop and flip on one side and normalisation on the other. Everything is off by default;
// what a transform does when it is on has torchvision's defaults.

#include <array>
#include <cstdint>

#include "trainer/data/augment/apply_plan.h"

namespace skein {

/// torchvision's transforms.autoaugment: RandAugment, TrivialAugmentWide, AugMix, and AutoAugment with the policy learned on
/// ImageNet, CIFAR-10 or SVHN.
enum class AutoAugmentPolicy : uint8_t { kNone, kRandAugment, kTrivialAugmentWide, kAugMix, kImageNet, kCifar10, kSvhn };

struct RandAugmentOptions {
  int num_ops = 2;
  int magnitude = 9;  ///< 0 to num_magnitude_bins - 1
  int num_magnitude_bins = 31;
};

struct AugMixOptions {
  int severity = 3;  ///< 1 to 10
  int mixture_width = 3;
  int chain_depth = -1;  ///< below 1: from 1 to 3, drawn for each chain
  double alpha = 1.0;
  bool all_ops = true;  ///< brightness, colour, contrast and sharpness too
};

/// Each factor comes from [max(0, 1 - x), 1 + x], the hue from [-hue, hue]; 0 leaves an operation out.
struct ColorJitterOptions {
  double brightness = 0.0;
  double contrast = 0.0;
  double saturation = 0.0;
  double hue = 0.0;  ///< at most 0.5

  bool is_on() const { return brightness > 0.0 || contrast > 0.0 || saturation > 0.0 || hue > 0.0; }
};

/// Of a normalised image.
struct RandomErasingOptions {
  double probability = 0.0;
  double min_scale = 0.02, max_scale = 0.33;  ///< share of the area
  double min_ratio = 0.3, max_ratio = 3.3;    ///< height over width
  bool random_values = false;                 ///< normal numbers; else `value`
  std::array<float, 3> value{0.0f, 0.0f, 0.0f};
};

/// In the order in which they are applied.
struct AugmentOptions {
  double vertical_flip_probability = 0.0;
  double max_rotation = 0.0;  ///< degrees to either side
  ColorJitterOptions color_jitter;
  double grayscale_probability = 0.0;
  AutoAugmentPolicy policy = AutoAugmentPolicy::kNone;
  RandAugmentOptions rand_augment;
  int trivial_augment_bins = 31;
  AugMixOptions aug_mix;
  RandomErasingOptions random_erasing;
  GeometryOptions geometry;  ///< of rotation and policy
};

}  // namespace skein
