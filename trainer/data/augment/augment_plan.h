#pragma once
// What is going to happen to one picture, decided before a pixel is touched: a list of operations, and for AugMix
// the chains whose results are mixed.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skein {

/// torchvision's names in transforms.autoaugment, and what its other transforms do to an image.
enum class AugmentOp : uint8_t {
  kIdentity,
  kShearX,        ///< magnitude: tangent of the angle
  kShearY,
  kTranslateX,    ///< magnitude: pixels, cut to whole ones
  kTranslateY,
  kRotate,        ///< magnitude: degrees, counter-clockwise
  kBrightness,    ///< magnitude of this and the next three: factor - 1
  kColor,         ///< saturation
  kContrast,
  kSharpness,
  kPosterize,     ///< magnitude: bits that stay
  kSolarize,      ///< magnitude: least value that is inverted
  kAutoContrast,  ///< this and the following take no magnitude
  kEqualize,
  kInvert,
  kHue,  ///< magnitude: share of the circle, -0.5 to 0.5
  kGrayscale,
  kVerticalFlip,
};
inline constexpr int kNumAugmentOps = static_cast<int>(AugmentOp::kVerticalFlip) + 1;

struct PlannedOp {
  AugmentOp op = AugmentOp::kIdentity;
  double magnitude = 0.0;
  bool operator==(const PlannedOp&) const = default;
};

/// AugMix: several chains, each beginning with the same picture, and the weights of their results.
struct MixturePlan {
  float original_weight = 1.0f;      ///< of the picture itself
  std::vector<PlannedOp> ops;        ///< of all chains, one after the other
  std::vector<size_t> chain_ends;    ///< where in `ops` each chain ends; empty: nothing is mixed
  std::vector<float> chain_weights;  ///< by chain; with original_weight they add up to 1
  bool operator==(const MixturePlan&) const = default;
};

/// First `ops`, in order, then the mixture. One object per thread is reused from image to image.
struct AugmentPlan {
  std::vector<PlannedOp> ops;
  MixturePlan mixture;
  bool operator==(const AugmentPlan&) const = default;

  void clear() {
    ops.clear();
    mixture.ops.clear();
    mixture.chain_ends.clear();
    mixture.chain_weights.clear();
    mixture.original_weight = 1.0f;
  }
};

}  // namespace skein
