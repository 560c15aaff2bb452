#include "trainer/data/augment/plan_policy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "trainer/data/augment/op_space.h"
#include "trainer/data/random_distributions.h"

namespace skein {

namespace {

constexpr int kAutoAugmentBins = 10;
constexpr int kAugMixBins = 10;
constexpr int kMaxChainDepth = 3;

const OpRange& any_of(std::span<const OpRange> space, CounterRandom& random) {
  return space[random.below(space.size())];
}

/// Half of the signed ones are negative.
PlannedOp with_sign(const OpRange& range, double magnitude, CounterRandom& random) {
  const bool is_negative = range.is_signed() && random.below(2) == 1;
  return {range.op, is_negative ? -magnitude : magnitude};
}

std::span<const SubPolicy> learned_policy(AutoAugmentPolicy policy) {
  if (policy == AutoAugmentPolicy::kCifar10) return cifar10_policy();
  if (policy == AutoAugmentPolicy::kSvhn) return svhn_policy();
  return imagenet_policy();
}

const OpRange& range_of(AugmentOp op) {
  const auto space = auto_augment_space();
  return *std::find_if(space.begin(), space.end(), [op](const OpRange& range) { return range.op == op; });
}

}  // namespace

void plan_rand_augment(const RandAugmentOptions& options, ImageSize image, CounterRandom& random, AugmentPlan& plan) {
  for (int i = 0; i < options.num_ops; ++i) {
    const OpRange& range = any_of(rand_augment_space(), random);
    const double magnitude = magnitude_of(range, options.magnitude, options.num_magnitude_bins, image);
    plan.ops.push_back(with_sign(range, magnitude, random));
  }
}

void plan_trivial_augment_wide(int num_bins, ImageSize image, CounterRandom& random, AugmentPlan& plan) {
  const OpRange& range = any_of(trivial_augment_wide_space(), random);
  const int bin = static_cast<int>(random.below(static_cast<uint64_t>(num_bins)));
  plan.ops.push_back(with_sign(range, magnitude_of(range, bin, num_bins, image), random));
}

void plan_auto_augment(AutoAugmentPolicy policy, ImageSize image, CounterRandom& random, AugmentPlan& plan) {
  const auto pairs = learned_policy(policy);
  for (const PolicyStep& step : pairs[random.below(pairs.size())]) {
    if (random.uniform() >= step.probability) continue;
    const OpRange& range = range_of(step.op);
    plan.ops.push_back(with_sign(range, magnitude_of(range, step.bin, kAutoAugmentBins, image), random));
  }
}

void plan_aug_mix(const AugMixOptions& options, ImageSize image, CounterRandom& random, AugmentPlan& plan) {
  MixturePlan& mixture = plan.mixture;
  std::array<float, 2> shares{};  // of the picture itself, and of the chains
  draw_dirichlet(random, options.alpha, shares);
  mixture.original_weight = shares[0];
  mixture.chain_weights.resize(static_cast<size_t>(options.mixture_width));
  draw_dirichlet(random, options.alpha, mixture.chain_weights);
  for (float& weight : mixture.chain_weights) weight *= shares[1];
  for (int chain = 0; chain < options.mixture_width; ++chain) {
    const int depth = options.chain_depth > 0 ? options.chain_depth : 1 + static_cast<int>(random.below(kMaxChainDepth));
    for (int i = 0; i < depth; ++i) {
      const OpRange& range = any_of(aug_mix_space(options.all_ops), random);
      const int bin = static_cast<int>(random.below(static_cast<uint64_t>(options.severity)));
      mixture.ops.push_back(with_sign(range, magnitude_of(range, bin, kAugMixBins, image), random));
    }
    mixture.chain_ends.push_back(mixture.ops.size());
  }
}

void plan_color_jitter(const ColorJitterOptions& options, CounterRandom& random, AugmentPlan& plan) {
  std::array<PlannedOp, 4> ops;
  size_t num_ops = 0;
  const auto add = [&](AugmentOp op, double range, double lowest) {
    const double magnitude = random.uniform(std::max(-range, lowest), range);  // drawn even if unused: the others stay
    if (range > 0.0) ops[num_ops++] = {op, magnitude};
  };
  add(AugmentOp::kBrightness, options.brightness, -1.0);
  add(AugmentOp::kContrast, options.contrast, -1.0);
  add(AugmentOp::kColor, options.saturation, -1.0);
  add(AugmentOp::kHue, options.hue, -0.5);
  for (size_t i = num_ops; i > 1; --i) std::swap(ops[i - 1], ops[random.below(i)]);
  plan.ops.insert(plan.ops.end(), ops.begin(), ops.begin() + static_cast<std::ptrdiff_t>(num_ops));
}

}  // namespace skein
