// What policies decide, without a pixel: tables beside torchvision's, and how often what is chosen.

#include "trainer/data/augment/plan_policy.h"

#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "augment_test_support.h"
#include "trainer/data/augment/op_space.h"

namespace skein {
namespace {

using testing::expected;
using testing::lines_of;
using testing::number;
using testing::numbers_of;

constexpr ImageSize kImage{224, 176};

std::span<const OpRange> space_of(const std::string& policy) {
  if (policy == "rand") return rand_augment_space();
  if (policy == "trivial") return trivial_augment_wide_space();
  if (policy == "auto") return auto_augment_space();
  return aug_mix_space(policy == "augmix");
}

TEST(OpSpace, IsTorchvisionsToTheLastBit) {
  std::map<std::string, size_t> next;  // by policy and size: torchvision's order counts, too
  for (const std::string& line : lines_of(expected("spaces.txt"))) {
    const auto fields = numbers_of<std::string>(line);
    ASSERT_EQ(fields.size(), 9u);
    const auto space = space_of(fields[0]);
    const int num_bins = std::stoi(fields[1]);
    const ImageSize image{std::stoi(fields[2]), std::stoi(fields[3])};
    size_t& at = next[fields[0] + "/" + fields[1] + "/" + fields[2]];
    ASSERT_LT(at, space.size()) << line;
    const OpRange& range = space[at++];
    EXPECT_EQ(op_name(range.op), fields[4]);
    EXPECT_EQ(range.is_signed(), fields[5] == "1") << line;
    std::vector<double> values;
    for (int bin = 0; bin < num_bins; ++bin) values.push_back(magnitude_of(range, bin, num_bins, image));
    EXPECT_EQ(values.front(), number(fields[6])) << line;
    EXPECT_EQ(values.back(), number(fields[7])) << line;
    EXPECT_EQ(testing::crc(values.data(), values.size() * sizeof(double)), fields[8]) << line;
  }
  EXPECT_EQ(next.size(), 30u);
  for (const auto& [key, count] : next) EXPECT_EQ(count, space_of(key.substr(0, key.find('/'))).size()) << key;
}

TEST(AutoAugmentPolicies, AreTorchvisions) {
  const std::map<std::string, std::span<const SubPolicy>> policies{
      {"imagenet", imagenet_policy()}, {"cifar10", cifar10_policy()}, {"svhn", svhn_policy()}};
  std::map<std::string, size_t> next;
  for (const std::string& line : lines_of(expected("policies.txt"))) {
    const auto fields = numbers_of<std::string>(line);
    ASSERT_EQ(fields.size(), 7u);
    const SubPolicy& pair = policies.at(fields[0])[next[fields[0]]++];
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(op_name(pair[i].op), fields[1 + 3 * i]) << line;
      EXPECT_EQ(pair[i].probability, number(fields[2 + 3 * i])) << line;
      EXPECT_EQ(pair[i].bin, std::stoi(fields[3 + 3 * i])) << line;
    }
  }
  for (const auto& [name, policy] : policies) EXPECT_EQ(next[name], policy.size()) << name;
}

/// Many plans, each from a stream of its own.
template <class Draw>
std::vector<AugmentPlan> plans(int count, const Draw& draw) {
  std::vector<AugmentPlan> all(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    CounterRandom random(11, 3, static_cast<uint64_t>(i), RandomPurpose::kAutoAugment);
    draw(random, all[static_cast<size_t>(i)]);
  }
  return all;
}

/// What chi-square with that many degrees of freedom exceeds once in 100000 times (Wilson and Hilferty 1931).
double critical(size_t freedom) {
  const double n = static_cast<double>(freedom), spread = 2.0 / (9.0 * n);
  return n * std::pow(1.0 - spread + 4.265 * std::sqrt(spread), 3.0);
}

/// Pearson's test that `num_cells` cells are equally likely; `counts` holds those that were hit.
template <class Key>
void expect_uniform(const std::map<Key, int>& counts, size_t num_cells) {
  double total = 0, sum = 0;
  for (const auto& [cell, count] : counts) total += count;
  const double wanted = total / static_cast<double>(num_cells);
  ASSERT_GT(wanted, 20);
  ASSERT_LE(counts.size(), num_cells);
  for (const auto& [cell, count] : counts) sum += (count - wanted) * (count - wanted) / wanted;
  sum += wanted * static_cast<double>(num_cells - counts.size());
  EXPECT_LT(sum, critical(num_cells - 1));
}

/// The share of `count` that is `share`, give or take four deviations.
void expect_share(int hits, int count, double share) {
  EXPECT_NEAR(hits, count * share, 4 * std::sqrt(count * share * (1 - share)));
}

TEST(RandAugment, TakesEachPairOfOperationsAndEachSignEquallyOften) {
  std::map<std::string, int> pairs, signs;
  for (const AugmentPlan& plan : plans(20000, [](auto& r, auto& p) { plan_rand_augment({}, kImage, r, p); })) {
    ASSERT_EQ(plan.ops.size(), 2u);
    ++pairs[std::string(op_name(plan.ops[0].op)) + op_name(plan.ops[1].op)];
    for (const PlannedOp& planned : plan.ops)
      if (planned.op == AugmentOp::kRotate) ++signs[planned.magnitude < 0 ? "-" : "+"];
  }
  expect_uniform(pairs, 14 * 14);
  expect_uniform(signs, 2);
}

TEST(RandAugment, UsesTheMagnitudeOfItsBin) {
  const RandAugmentOptions options{.num_ops = 1, .magnitude = 30};
  std::map<std::string, std::set<double>> magnitudes;
  for (const AugmentPlan& plan : plans(500, [&](auto& r, auto& p) { plan_rand_augment(options, kImage, r, p); })) {
    ASSERT_EQ(plan.ops.size(), 1u);
    magnitudes[op_name(plan.ops[0].op)].insert(std::fabs(plan.ops[0].magnitude));
  }
  EXPECT_EQ(magnitudes.size(), 14u);
  EXPECT_EQ(magnitudes["Rotate"], std::set<double>{30});
  EXPECT_EQ(magnitudes["TranslateX"], std::set<double>{static_cast<float>(150.0 / 331.0 * 224)});
  EXPECT_EQ(magnitudes["TranslateY"], std::set<double>{static_cast<float>(150.0 / 331.0 * 176)});
  EXPECT_EQ(magnitudes["Posterize"], std::set<double>{4});
  EXPECT_EQ(magnitudes["Solarize"], std::set<double>{0});
  EXPECT_EQ(magnitudes["Identity"], std::set<double>{0});
}

TEST(TrivialAugmentWide, TakesEachOperationBinAndSignEquallyOften) {
  std::map<std::string, int> ops;
  std::map<double, int> angles;
  for (const AugmentPlan& plan : plans(60000, [](auto& r, auto& p) { plan_trivial_augment_wide(31, kImage, r, p); })) {
    ASSERT_EQ(plan.ops.size(), 1u);
    ++ops[op_name(plan.ops[0].op)];
    if (plan.ops[0].op == AugmentOp::kRotate && plan.ops[0].magnitude != 0.0) ++angles[plan.ops[0].magnitude];
  }
  expect_uniform(ops, 14);
  expect_uniform(angles, 2 * 30);
  EXPECT_EQ(angles.begin()->first, -135.0);
}

TEST(AutoAugment, TakesEachPairEquallyOftenAndItsStepsWithTheirProbability) {
  constexpr int kCount = 50000;
  using enum AugmentOp;
  int both = 0, rotated_left = 0, nothing = 0;
  for (const AugmentPlan& plan :
       plans(kCount, [](auto& r, auto& p) { plan_auto_augment(AutoAugmentPolicy::kImageNet, kImage, r, p); })) {
    ASSERT_LE(plan.ops.size(), 2u);
    nothing += plan.ops.empty();
    if (plan.ops.size() != 2 || plan.ops[0].op != kPosterize || plan.ops[1].op != kRotate) continue;
    ++both;  // the first of the 25: 0.4 and 0.6
    EXPECT_EQ(plan.ops[0].magnitude, 4.0);
    EXPECT_EQ(std::fabs(plan.ops[1].magnitude), 30.0);
    rotated_left += plan.ops[1].magnitude > 0;
  }
  expect_share(both, kCount, 0.4 * 0.6 / 25);
  expect_share(rotated_left, both, 0.5);
  double neither = 0;
  for (const SubPolicy& pair : imagenet_policy()) neither += (1 - pair[0].probability) * (1 - pair[1].probability) / 25;
  expect_share(nothing, kCount, neither);
}

TEST(AutoAugment, HasThreePolicies) {
  const auto first_plans = [](AutoAugmentPolicy policy) {
    return plans(50, [&](auto& r, auto& p) { plan_auto_augment(policy, kImage, r, p); });
  };
  EXPECT_NE(first_plans(AutoAugmentPolicy::kImageNet), first_plans(AutoAugmentPolicy::kCifar10));
  EXPECT_NE(first_plans(AutoAugmentPolicy::kCifar10), first_plans(AutoAugmentPolicy::kSvhn));
}

TEST(AugMix, DrawsWeightsDepthsAndBins) {
  constexpr int kCount = 20000;
  std::map<size_t, int> depths;
  std::map<std::string, int> ops;
  std::map<double, int> angles;
  double original = 0, first_chain = 0;
  for (const AugmentPlan& plan : plans(kCount, [](auto& r, auto& p) { plan_aug_mix({}, kImage, r, p); })) {
    const MixturePlan& mixture = plan.mixture;
    ASSERT_EQ(mixture.chain_ends.size(), 3u);
    ASSERT_EQ(mixture.chain_weights.size(), 3u);
    EXPECT_NEAR(std::accumulate(mixture.chain_weights.begin(), mixture.chain_weights.end(), mixture.original_weight), 1, 1e-6);
    original += mixture.original_weight, first_chain += mixture.chain_weights[0];
    size_t begin = 0;
    for (const size_t end : mixture.chain_ends) ++depths[end - std::exchange(begin, end)];
    EXPECT_EQ(begin, mixture.ops.size());
    for (const PlannedOp& planned : mixture.ops) {
      ++ops[op_name(planned.op)];
      if (planned.op == AugmentOp::kRotate) ++angles[std::fabs(planned.magnitude)];
    }
  }
  expect_uniform(depths, 3);
  expect_uniform(ops, 13);
  expect_uniform(angles, 3);
  EXPECT_FLOAT_EQ(static_cast<float>(angles.rbegin()->first), 30.0f / 9 * 2);
  EXPECT_NEAR(original / kCount, 1.0 / 2, 0.01);
  EXPECT_NEAR(first_chain / kCount, 1.0 / 6, 0.01);
}

TEST(AugMix, KeepsToItsOptions) {
  const AugMixOptions options{.severity = 10, .mixture_width = 2, .chain_depth = 4, .alpha = 0.5, .all_ops = false};
  std::set<double> bits;
  for (const AugmentPlan& plan : plans(2000, [&](auto& r, auto& p) { plan_aug_mix(options, kImage, r, p); })) {
    EXPECT_EQ(plan.mixture.chain_ends, (std::vector<size_t>{4, 8}));
    for (const PlannedOp& planned : plan.mixture.ops) {
      EXPECT_NE(planned.op, AugmentOp::kBrightness);
      EXPECT_NE(planned.op, AugmentOp::kSharpness);
      if (planned.op == AugmentOp::kPosterize) bits.insert(planned.magnitude);
    }
  }
  EXPECT_EQ(bits, (std::set<double>{0, 1, 2, 3, 4}));
}

TEST(ColorJitter, DrawsFactorsAndOrder) {
  const ColorJitterOptions options{.brightness = 0.4, .contrast = 1.5, .saturation = 0.2, .hue = 0.1};
  std::map<std::string, int> orders;
  std::map<int, int> brightness, contrast, hue;
  for (const AugmentPlan& plan : plans(24000, [&](auto& r, auto& p) { plan_color_jitter(options, r, p); })) {
    ASSERT_EQ(plan.ops.size(), 4u);
    std::string order;
    for (const auto& [op, magnitude] : plan.ops) {
      order += op_name(op)[0] + std::string(op_name(op)).substr(2, 1);
      if (op == AugmentOp::kBrightness) ++brightness[static_cast<int>(std::floor((magnitude + 0.4) / 0.08))];
      if (op == AugmentOp::kContrast) ++contrast[static_cast<int>(std::floor((magnitude + 1) / 0.25))];  // from factor 0 on
      if (op == AugmentOp::kHue) ++hue[static_cast<int>(std::floor((magnitude + 0.1) / 0.02))];
    }
    ++orders[order];
  }
  expect_uniform(orders, 24);
  expect_uniform(brightness, 10);
  expect_uniform(contrast, 10);
  expect_uniform(hue, 10);
}

TEST(ColorJitter, LeavesOutWhatIsNotAskedFor) {
  const auto magnitudes_of = [](const ColorJitterOptions& options, AugmentOp wanted) {
    std::vector<double> found;
    for (const AugmentPlan& plan : plans(20, [&](auto& r, auto& p) { plan_color_jitter(options, r, p); }))
      for (const auto& [op, magnitude] : plan.ops)
        if (op == wanted) found.push_back(magnitude);
    return found;
  };
  const ColorJitterOptions all{.brightness = 0.4, .contrast = 0.3, .saturation = 0.2, .hue = 0.1}, only_hue{.hue = 0.1};
  EXPECT_TRUE(magnitudes_of(only_hue, AugmentOp::kBrightness).empty());
  EXPECT_EQ(magnitudes_of(only_hue, AugmentOp::kHue).size(), 20u);
  EXPECT_EQ(magnitudes_of(only_hue, AugmentOp::kHue), magnitudes_of(all, AugmentOp::kHue));
}

}  // namespace
}  // namespace skein
