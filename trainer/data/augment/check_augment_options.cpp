#include <algorithm>
#include <cmath>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/augment/augmentation.h"

namespace skein {

namespace {

constexpr int kMaxSeverity = 10;
constexpr double kMaxFactorRange = 1000.0;

/// Refuses NaN, too.
void check_within(const char* what, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw UsageError(concat("the ", what, " is ", value), concat("ask for ", low, " to ", high));
}

void check_at_least(const char* what, int value, int low) {
  if (value < low) throw UsageError(concat("the ", what, " is ", value), concat("ask for at least ", low));
}

void check_jitter(const ColorJitterOptions& jitter) {
  check_within("brightness jitter", jitter.brightness, 0.0, kMaxFactorRange);
  check_within("contrast jitter", jitter.contrast, 0.0, kMaxFactorRange);
  check_within("saturation jitter", jitter.saturation, 0.0, kMaxFactorRange);
  check_within("hue jitter", jitter.hue, 0.0, 0.5);
}

void check_policies(const AugmentOptions& options) {
  check_at_least("number of RandAugment's operations", options.rand_augment.num_ops, 0);
  check_at_least("number of RandAugment's magnitudes", options.rand_augment.num_magnitude_bins, 2);
  check_within("magnitude of RandAugment", options.rand_augment.magnitude, 0, options.rand_augment.num_magnitude_bins - 1);
  check_at_least("number of TrivialAugment's magnitudes", options.trivial_augment_bins, 2);
  check_within("severity of AugMix", options.aug_mix.severity, 1, kMaxSeverity);
  check_at_least("number of AugMix's chains", options.aug_mix.mixture_width, 1);
  if (!(options.aug_mix.alpha > 0.0 && std::isfinite(options.aug_mix.alpha)))
    throw UsageError(concat("the alpha of AugMix is ", options.aug_mix.alpha), "it must be above 0");
}

void check_erasing(const RandomErasingOptions& erasing) {
  check_within("probability of random erasing", erasing.probability, 0.0, 1.0);
  if (!(erasing.min_scale >= 0.0 && erasing.min_scale <= erasing.max_scale && erasing.max_scale <= 1.0))
    throw UsageError(concat("the scale of random erasing is ", erasing.min_scale, " to ", erasing.max_scale),
                     "ask for shares of the area, 0 to 1");
  if (!(erasing.min_ratio > 0.0 && erasing.min_ratio <= erasing.max_ratio && std::isfinite(erasing.max_ratio)))
    throw UsageError(concat("the ratio of random erasing is ", erasing.min_ratio, " to ", erasing.max_ratio),
                     "it must be positive, the smaller one first");
  if (!std::all_of(erasing.value.begin(), erasing.value.end(), [](float value) { return std::isfinite(value); }))
    throw UsageError("a value of random erasing is not finite");
}

/// As Pillow does.
void check_geometry(const AugmentOptions& options) {
  const bool moves = options.policy != AutoAugmentPolicy::kNone || options.max_rotation > 0.0;
  const Interpolation chosen = options.geometry.interpolation;
  for (const Interpolation known : {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kBicubic})
    if (chosen == known || !moves) return;
  throw UsageError(concat("pictures cannot be turned or sheared with ", interpolation_names().at(static_cast<size_t>(chosen)),
                          " interpolation"),
                   "use nearest, bilinear or bicubic");
}

}  // namespace

void check(const AugmentOptions& options) {
  check_within("probability of the vertical flip", options.vertical_flip_probability, 0.0, 1.0);
  check_within("largest rotation", options.max_rotation, 0.0, 360.0);
  check_within("probability of grayscale", options.grayscale_probability, 0.0, 1.0);
  check_jitter(options.color_jitter);
  check_policies(options);
  check_erasing(options.random_erasing);
  check_geometry(options);
}

}  // namespace skein
