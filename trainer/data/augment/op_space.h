#pragma once
// Which operations a policy chooses from, and how strong they are: torchvision's _augmentation_space tables.

#include <span>

#include "trainer/data/augment/augment_plan.h"
#include "trainer/data/image/image.h"

namespace skein {

/// How an operation's magnitudes follow from the number of a bin.
enum class Magnitudes : uint8_t {
  kNone,      ///< always 0
  kUpTo,      ///< evenly from 0 to `limit`
  kOfWidth,   ///< evenly from 0 to limit * width / divisor
  kOfHeight,
  kBits,      ///< `limit` less up to `divisor`, whole
  kFrom255,   ///< evenly from 255 down to 0
};

struct OpRange {
  AugmentOp op;
  Magnitudes magnitudes = Magnitudes::kNone;
  double limit = 0.0;
  double divisor = 1.0;
  /// The sign is drawn, too.
  bool is_signed() const {
    return magnitudes == Magnitudes::kUpTo || magnitudes == Magnitudes::kOfWidth || magnitudes == Magnitudes::kOfHeight;
  }
};

/// The magnitude of bin 0 <= bin < num_bins, without sign, for pictures of that size: what torch.linspace gives in float32 on
/// processors with fused multiply-add.
double magnitude_of(const OpRange& range, int bin, int num_bins, ImageSize image);

std::span<const OpRange> rand_augment_space();
std::span<const OpRange> trivial_augment_wide_space();
std::span<const OpRange> auto_augment_space();
std::span<const OpRange> aug_mix_space(bool all_ops);

/// One operation of an AutoAugment policy: how likely it is, and which of 10 bins.
struct PolicyStep {
  AugmentOp op;
  double probability;
  int bin;
};
using SubPolicy = PolicyStep[2];

/// torchvision's AutoAugment._get_policies: 25 pairs each.
std::span<const SubPolicy> imagenet_policy();
std::span<const SubPolicy> cifar10_policy();
std::span<const SubPolicy> svhn_policy();

}  // namespace skein
