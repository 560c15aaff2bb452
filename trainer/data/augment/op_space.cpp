#include "trainer/data/augment/op_space.h"

#include <cmath>
#include <iterator>

namespace skein {

namespace {

using enum AugmentOp;
using enum Magnitudes;

constexpr double kTranslation = 150.0 / 331.0;

constexpr OpRange kRandAugmentSpace[] = {
    {kIdentity},
    {kShearX, kUpTo, 0.3},
    {kShearY, kUpTo, 0.3},
    {kTranslateX, kOfWidth, kTranslation},
    {kTranslateY, kOfHeight, kTranslation},
    {kRotate, kUpTo, 30.0},
    {kBrightness, kUpTo, 0.9},
    {kColor, kUpTo, 0.9},
    {kContrast, kUpTo, 0.9},
    {kSharpness, kUpTo, 0.9},
    {kPosterize, kBits, 8, 4},
    {kSolarize, kFrom255},
    {kAutoContrast},
    {kEqualize},
    {kInvert},  // AutoAugment only
};
constexpr size_t kNumRandAugmentOps = std::size(kRandAugmentSpace) - 1;

constexpr OpRange kTrivialAugmentWideSpace[] = {
    {kIdentity},
    {kShearX, kUpTo, 0.99},
    {kShearY, kUpTo, 0.99},
    {kTranslateX, kUpTo, 32.0},
    {kTranslateY, kUpTo, 32.0},
    {kRotate, kUpTo, 135.0},
    {kBrightness, kUpTo, 0.99},
    {kColor, kUpTo, 0.99},
    {kContrast, kUpTo, 0.99},
    {kSharpness, kUpTo, 0.99},
    {kPosterize, kBits, 8, 6},
    {kSolarize, kFrom255},
    {kAutoContrast},
    {kEqualize},
};

constexpr OpRange kAugMixSpace[] = {
    {kShearX, kUpTo, 0.3},
    {kShearY, kUpTo, 0.3},
    {kTranslateX, kOfWidth, 1.0, 3.0},
    {kTranslateY, kOfHeight, 1.0, 3.0},
    {kRotate, kUpTo, 30.0},
    {kPosterize, kBits, 4, 4},
    {kSolarize, kFrom255},
    {kAutoContrast},
    {kEqualize},
    {kBrightness, kUpTo, 0.9},  // from here on: all_ops only
    {kColor, kUpTo, 0.9},
    {kContrast, kUpTo, 0.9},
    {kSharpness, kUpTo, 0.9},
};
constexpr size_t kNumAugMixOps = 9;

/// torch.linspace(start, end, num_bins)[bin] in float32: counted from the nearer end, product and sum rounded once.
double evenly(double start, double end, int bin, int num_bins) {
  const float first = static_cast<float>(start), last = static_cast<float>(end);
  const double step = (last - first) / static_cast<float>(num_bins - 1);
  if (bin < num_bins / 2) return static_cast<float>(first + step * bin);
  return static_cast<float>(last - step * (num_bins - 1 - bin));
}

}  // namespace

double magnitude_of(const OpRange& range, int bin, int num_bins, ImageSize image) {
  switch (range.magnitudes) {
    case kUpTo:
      return evenly(0.0, range.limit, bin, num_bins);
    case kOfWidth:
      return evenly(0.0, range.limit * image.width / range.divisor, bin, num_bins);
    case kOfHeight:
      return evenly(0.0, range.limit * image.height / range.divisor, bin, num_bins);
    case kBits:
      return range.limit - std::nearbyint(static_cast<float>(bin) / static_cast<float>((num_bins - 1) / range.divisor));
    case kFrom255:
      return evenly(255.0, 0.0, bin, num_bins);
    default:
      return 0.0;
  }
}

std::span<const OpRange> rand_augment_space() {
  return std::span(kRandAugmentSpace).first(kNumRandAugmentOps);
}
std::span<const OpRange> auto_augment_space() {
  return std::span(kRandAugmentSpace).subspan(1);
}
std::span<const OpRange> trivial_augment_wide_space() {
  return kTrivialAugmentWideSpace;
}
std::span<const OpRange> aug_mix_space(bool all_ops) {
  return all_ops ? std::span<const OpRange>(kAugMixSpace) : std::span(kAugMixSpace).first(kNumAugMixOps);
}

}  // namespace skein
