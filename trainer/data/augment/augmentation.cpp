#include "trainer/data/augment/augmentation.h"

#include "trainer/data/augment/plan_policy.h"
#include "trainer/data/augment/random_erasing.h"
#include "trainer/data/counter_random.h"

namespace skein {

namespace {

CounterRandom stream(const ImageKey& key, RandomPurpose purpose) {
  return {key.seed, key.epoch, key.index, purpose};
}

bool happens(double probability, const ImageKey& key, RandomPurpose purpose) {
  return probability > 0.0 && stream(key, purpose).uniform() < probability;
}

}  // namespace

Augmentation::Augmentation(const AugmentOptions& options) : options_(options) {
  check(options_);
}

bool Augmentation::is_identity() const {
  return options_.vertical_flip_probability == 0.0 && options_.max_rotation == 0.0 && !options_.color_jitter.is_on() &&
         options_.grayscale_probability == 0.0 && options_.policy == AutoAugmentPolicy::kNone;
}

void Augmentation::plan(ImageSize image, const ImageKey& key, AugmentPlan& plan) const {
  plan.clear();
  if (happens(options_.vertical_flip_probability, key, RandomPurpose::kVerticalFlip))
    plan.ops.push_back({AugmentOp::kVerticalFlip});
  if (options_.max_rotation > 0.0) {
    CounterRandom random = stream(key, RandomPurpose::kRotation);
    plan.ops.push_back({AugmentOp::kRotate, random.uniform(-options_.max_rotation, options_.max_rotation)});
  }
  if (options_.color_jitter.is_on()) {
    CounterRandom random = stream(key, RandomPurpose::kColorJitter);
    plan_color_jitter(options_.color_jitter, random, plan);
  }
  if (happens(options_.grayscale_probability, key, RandomPurpose::kGrayscale)) plan.ops.push_back({AugmentOp::kGrayscale});
  plan_policy(image, key, plan);
}

void Augmentation::plan_policy(ImageSize image, const ImageKey& key, AugmentPlan& plan) const {
  CounterRandom random = stream(key, RandomPurpose::kAutoAugment);
  switch (options_.policy) {
    case AutoAugmentPolicy::kNone:
      return;
    case AutoAugmentPolicy::kRandAugment:
      return plan_rand_augment(options_.rand_augment, image, random, plan);
    case AutoAugmentPolicy::kTrivialAugmentWide:
      return plan_trivial_augment_wide(options_.trivial_augment_bins, image, random, plan);
    case AutoAugmentPolicy::kAugMix:
      return plan_aug_mix(options_.aug_mix, image, random, plan);
    default:
      return plan_auto_augment(options_.policy, image, random, plan);
  }
}

void Augmentation::apply(RgbImage& image, const ImageKey& key, AugmentScratch& scratch) const {
  if (is_identity()) return;
  plan(image.dimensions(), key, scratch.plan);
  apply_plan(scratch.plan, options_.geometry, scratch, image);
}

void Augmentation::erase(float* image, ImageSize image_size, const ImageKey& key) const {
  if (!erases()) return;
  CounterRandom random = stream(key, RandomPurpose::kRandomErasing);
  if (const auto box = draw_erased_box(options_.random_erasing, image_size, random))
    erase_box(options_.random_erasing, *box, random, image, image_size);
}

}  // namespace skein
