// Transforms together: order, independence of each other, and the same on any number of threads.

#include "trainer/data/augment/augmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "augment_test_support.h"
#include "runtime/process/error.h"
#include "trainer/data/loader.h"

namespace skein {
namespace {

using testing::contains;
using testing::message_of;
using testing::pattern;

constexpr ImageSize kImage{40, 30};

AugmentOptions everything() {
  AugmentOptions options{.vertical_flip_probability = 0.5,
                         .max_rotation = 20,
                         .color_jitter = {.brightness = 0.4, .contrast = 0.4, .saturation = 0.4, .hue = 0.1},
                         .grayscale_probability = 0.5,
                         .policy = AutoAugmentPolicy::kAugMix};
  options.random_erasing = {.probability = 0.5, .random_values = true};
  return options;
}

AugmentPlan plan_of(const AugmentOptions& options, uint64_t index) {
  AugmentPlan plan;
  Augmentation(options).plan(kImage, {1, 2, index}, plan);
  return plan;
}

TEST(Augmentation, IsNothingByDefault) {
  const Augmentation augmentation;
  EXPECT_TRUE(augmentation.is_identity());
  EXPECT_FALSE(augmentation.erases());
  RgbImage image = pattern(8, 8);
  AugmentScratch scratch;
  augmentation.apply(image, {1, 2, 3}, scratch);
  EXPECT_EQ(testing::crc(image), testing::crc(pattern(8, 8)));
  std::vector<float> floats(8 * 8 * 3, 1.0f);
  augmentation.erase(floats.data(), {8, 8}, {1, 2, 3});
  EXPECT_EQ(floats, std::vector<float>(8 * 8 * 3, 1.0f));
}

TEST(Augmentation, EachTransformAloneIsNotNothing) {
  const auto is_identity = [](auto change) {
    AugmentOptions options;
    change(options);
    return Augmentation(options).is_identity();
  };
  EXPECT_FALSE(is_identity([](auto& o) { o.vertical_flip_probability = 0.1; }));
  EXPECT_FALSE(is_identity([](auto& o) { o.max_rotation = 1; }));
  EXPECT_FALSE(is_identity([](auto& o) { o.color_jitter.hue = 0.1; }));
  EXPECT_FALSE(is_identity([](auto& o) { o.grayscale_probability = 0.1; }));
  EXPECT_FALSE(is_identity([](auto& o) { o.policy = AutoAugmentPolicy::kSvhn; }));
  EXPECT_TRUE(is_identity([](auto& o) { o.random_erasing.probability = 1; })) << "is done to floats";
}

TEST(Augmentation, SwitchingOneTransformOffLeavesTheOthers) {
  const auto without = [](std::vector<PlannedOp> ops, auto is_one) {
    std::erase_if(ops, [&](const PlannedOp& planned) { return is_one(planned.op); });
    return ops;
  };
  const auto is_jitter = [](AugmentOp op) {
    return op == AugmentOp::kBrightness || op == AugmentOp::kContrast || op == AugmentOp::kColor || op == AugmentOp::kHue;
  };
  for (uint64_t index = 0; index < 50; ++index) {
    const AugmentPlan all = plan_of(everything(), index);
    const auto check_without = [&](auto change, auto is_one) {
      AugmentOptions options = everything();
      change(options);
      const AugmentPlan less = plan_of(options, index);
      EXPECT_EQ(less.ops, without(all.ops, is_one));
      EXPECT_EQ(less.mixture, all.mixture);
    };
    check_without([](auto& o) { o.vertical_flip_probability = 0; }, [](auto op) { return op == AugmentOp::kVerticalFlip; });
    check_without([](auto& o) { o.max_rotation = 0; }, [](auto op) { return op == AugmentOp::kRotate; });
    check_without([](auto& o) { o.color_jitter = {}; }, is_jitter);
    check_without([](auto& o) { o.grayscale_probability = 0; }, [](auto op) { return op == AugmentOp::kGrayscale; });
    AugmentOptions no_policy = everything();
    no_policy.policy = AutoAugmentPolicy::kNone;
    EXPECT_EQ(plan_of(no_policy, index).ops, all.ops);
  }
}

TEST(Augmentation, TransformsDecideIndependentlyOfEachOther) {
  AugmentOptions options{.vertical_flip_probability = 0.5,
                         .max_rotation = 20,
                         .color_jitter = {.brightness = 0.4},
                         .grayscale_probability = 0.5,
                         .policy = AutoAugmentPolicy::kRandAugment};
  const Augmentation augmentation(options);
  constexpr int kCount = 32 * 500;
  std::array<int, 32> counts{};
  for (uint64_t index = 0; index < kCount; ++index) {
    AugmentPlan plan;
    augmentation.plan(kImage, {1, 2, index}, plan);
    unsigned cell = 0;
    for (const auto& [op, magnitude] : std::span(plan.ops).first(plan.ops.size() - 2)) {
      cell |= (op == AugmentOp::kVerticalFlip) * 1u + (op == AugmentOp::kGrayscale) * 2u;
      cell |= (op == AugmentOp::kRotate && magnitude > 0) * 4u + (op == AugmentOp::kBrightness && magnitude > 0) * 8u;
    }
    cell |= (plan.ops[plan.ops.size() - 2].op >= AugmentOp::kColor) * 16u;  // 7 of the 14
    ++counts[cell];
  }
  for (const int count : counts) EXPECT_NEAR(count, 500, 5 * std::sqrt(500));
}

TEST(Augmentation, ErasesIndependentlyOfTheRest) {
  AugmentOptions options{.vertical_flip_probability = 0.5};
  options.random_erasing.probability = 0.5;
  const Augmentation augmentation(options);
  int num_both = 0;
  for (uint64_t index = 0; index < 4000; ++index) {
    AugmentPlan plan;
    augmentation.plan(kImage, {1, 2, index}, plan);
    std::vector<float> floats(static_cast<size_t>(kImage.width) * kImage.height * 3, 1.0f);
    augmentation.erase(floats.data(), kImage, {1, 2, index});
    num_both += !plan.ops.empty() && std::count(floats.begin(), floats.end(), 0.0f) > 0;
  }
  EXPECT_NEAR(num_both, 1000, 5 * std::sqrt(4000 * 0.25 * 0.75));
}

TEST(Augmentation, ComesInTorchvisionsOrder) {
  for (uint64_t index = 0; index < 50; ++index) {
    AugmentOptions options = everything();
    options.policy = AutoAugmentPolicy::kRandAugment;
    options.vertical_flip_probability = options.grayscale_probability = 1;
    const std::vector<PlannedOp> ops = plan_of(options, index).ops;
    ASSERT_EQ(ops.size(), 1u + 1 + 4 + 1 + 2);
    EXPECT_EQ(ops[0].op, AugmentOp::kVerticalFlip);
    EXPECT_EQ(ops[1].op, AugmentOp::kRotate);
    EXPECT_LE(std::fabs(ops[1].magnitude), 20);
    EXPECT_EQ(ops[6].op, AugmentOp::kGrayscale);
  }
}

TEST(Augmentation, IsAFunctionOfTheKey) {
  const Augmentation augmentation(everything());
  AugmentScratch scratch;
  const auto result = [&](const ImageKey& key) {
    RgbImage image = pattern(kImage.width, kImage.height);
    augmentation.apply(image, key, scratch);
    EXPECT_EQ(image.dimensions(), kImage);
    return testing::crc(image);
  };
  const std::string first = result({1, 2, 3});
  EXPECT_NE(first, result({1, 2, 4}));
  EXPECT_NE(first, result({1, 3, 3}));
  EXPECT_NE(first, result({2, 2, 3}));
  EXPECT_EQ(first, result({1, 2, 3})) << "the scratch remembers something";
}

TEST(Augmentation, RefusesTheImpossible) {
  const auto failure = [](auto change) {
    AugmentOptions options;
    change(options);
    return message_of<UsageError>([&] { Augmentation augmentation(options); });
  };
  EXPECT_TRUE(contains(failure([](auto& o) { o.vertical_flip_probability = 1.1; }), "vertical flip is 1.1"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.grayscale_probability = std::nan(""); }), "grayscale is"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.max_rotation = -1; }), "rotation is -1"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.color_jitter.brightness = -0.1; }), "brightness jitter is -0.1"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.color_jitter.hue = 0.6; }), "hue jitter is 0.6"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.rand_augment.magnitude = 31; }), "magnitude of RandAugment is 31"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.rand_augment.num_ops = -1; }), "operations is -1"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.aug_mix.severity = 11; }), "severity of AugMix is 11"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.aug_mix.mixture_width = 0; }), "chains is 0"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.aug_mix.alpha = 0; }), "alpha of AugMix is 0"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.trivial_augment_bins = 1; }), "magnitudes is 1"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.random_erasing.probability = -0.1; }), "random erasing is -0.1"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.random_erasing.max_scale = 0.01; }), "0.02 to 0.01"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.random_erasing.min_ratio = 0; }), "0 to 3.3"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.random_erasing.value[1] = INFINITY; }), "not finite"));
  const auto lanczos = [](auto& o) { o.geometry.interpolation = Interpolation::kLanczos; };
  EXPECT_TRUE(contains(failure([&](auto& o) { lanczos(o), o.max_rotation = 1; }), "lanczos interpolation"));
  EXPECT_TRUE(contains(failure([&](auto& o) { lanczos(o), o.policy = AutoAugmentPolicy::kSvhn; }), "lanczos interpolation"));
  AugmentOptions unmoved{.grayscale_probability = 1};
  lanczos(unmoved);
  EXPECT_NO_THROW(Augmentation{unmoved});
}

class RawSource : public ImageSource {
 public:
  RawSource() : picture_(pattern(kImage.width, kImage.height)) {}
  size_t num_images() const override { return 24; }
  const std::vector<std::string>& classes() const override { return classes_; }
  int64_t label(size_t) const override { return 0; }
  std::string name(size_t) const override { return "raw"; }
  StoredImage read(size_t, std::vector<uint8_t>& buffer) const override {
    buffer.assign(picture_.data(), picture_.data() + picture_.num_bytes() + RgbImage::kReadableTail);
    return {buffer, kImage};
  }

 private:
  RgbImage picture_;
  std::vector<std::string> classes_{"one"};
};

std::vector<float> epoch(const AugmentOptions& augment, int num_workers) {
  LoaderOptions options{.batch_size = 5, .num_workers = num_workers, .seed = 3};
  options.transform = TrainTransform{.crop_size = 24, .augment = augment};
  Loader loader(std::make_shared<RawSource>(), options);
  std::vector<size_t> indices(24);
  std::iota(indices.begin(), indices.end(), size_t{0});
  loader.start(4, indices);
  std::vector<float> all;
  while (const Batch* batch = loader.next()) all.insert(all.end(), batch->images.begin(), batch->images.end());
  return all;
}

TEST(Augmentation, IsTheSameOnAnyNumberOfWorkers) {
  for (const auto policy : {AutoAugmentPolicy::kNone, AutoAugmentPolicy::kRandAugment, AutoAugmentPolicy::kTrivialAugmentWide,
                            AutoAugmentPolicy::kAugMix, AutoAugmentPolicy::kImageNet}) {
    AugmentOptions options = everything();
    options.policy = policy;
    const std::vector<float> alone = epoch(options, 0);
    EXPECT_EQ(alone.size(), 24u * 24 * 24 * 3);
    EXPECT_EQ(alone, epoch(options, 1));
    EXPECT_EQ(alone, epoch(options, 4));
  }
}

TEST(Augmentation, ReachesTheBatch) {
  const std::vector<float> plain = epoch({}, 0);
  EXPECT_NE(plain, epoch({.grayscale_probability = 0.5}, 0));
  AugmentOptions erasing;
  erasing.random_erasing = {.probability = 1, .value = {7, 7, 7}};
  const std::vector<float> erased = epoch(erasing, 0);
  int num_changed = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (erased[i] == plain[i]) continue;
    ++num_changed;
    EXPECT_EQ(erased[i], 7.0f);
  }
  EXPECT_GT(num_changed, 24 * 24 * 3);
}

}  // namespace
}  // namespace skein
