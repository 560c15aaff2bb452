// How training pictures are changed at random, beyond crop and mirror.

#include "trainer/options/augment_options.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/options/option_groups.h"

namespace skein {
namespace {

constexpr std::pair<const char*, AutoAugmentPolicy> kPolicies[] = {
    {"none", AutoAugmentPolicy::kNone},          {"ra", AutoAugmentPolicy::kRandAugment},
    {"ta_wide", AutoAugmentPolicy::kTrivialAugmentWide}, {"augmix", AutoAugmentPolicy::kAugMix},
    {"imagenet", AutoAugmentPolicy::kImageNet},  {"cifar10", AutoAugmentPolicy::kCifar10},
    {"svhn", AutoAugmentPolicy::kSvhn}};

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const auto& [name, policy] : kPolicies) names.emplace_back(name);
  return names;
}

AutoAugmentPolicy policy_of(const std::string& wanted) {
  for (const auto& [name, policy] : kPolicies)
    if (name == wanted) return policy;
  return AutoAugmentPolicy::kNone;
}

/// One value for brightness, contrast and saturation, or each of them, or the hue as well.
ColorJitterOptions color_jitter_of(const std::vector<double>& values) {
  const char* const remedy = "e.g. --color-jitter 0.4 or --color-jitter 0.4,0.4,0.4,0.1";
  if (values.empty()) return {};
  if (values.size() == 1) return {values[0], values[0], values[0], 0.0};
  if (values.size() != 3 && values.size() != 4)
    throw UsageError("--color-jitter takes one value, or those of brightness, contrast and saturation, or the hue's as well",
                     remedy);
  const double hue = values.size() == 4 ? values[3] : 0.0;
  if (hue > 0.5)
    throw UsageError(concat("--color-jitter: ", hue, " of the circle is more than there are hues"), "ask for a hue of 0 to 0.5");
  return {values[0], values[1], values[2], hue};
}

float erased_value(const std::string& text) {
  float value = 0.0f;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value)) return value;
  throw UsageError(concat("--random-erase-value: '", text, "' is no number"),
                   "ask for random, for one value, or for three: --random-erase-value 0,0,0");
}

RandomErasingOptions random_erasing_of(const TrainOptions& options) {
  RandomErasingOptions erasing;
  erasing.probability = options.random_erase;
  const std::vector<std::string>& texts = options.random_erase_value;
  if (texts.size() == 1 && texts[0] == "random") {
    erasing.random_values = true;
  } else if (texts.size() == 1) {
    erasing.value.fill(erased_value(texts[0]));
  } else if (texts.size() == erasing.value.size()) {
    for (size_t channel = 0; channel < texts.size(); ++channel) erasing.value[channel] = erased_value(texts[channel]);
  } else {
    throw UsageError(concat("--random-erase-value has ", texts.size(), " values, a pixel has 3"),
                     "ask for random, for one value, or for three");
  }
  return erasing;
}

/// Of rotation and policies, where there are any.
Interpolation geometric_interpolation(const TrainOptions& options) {
  const std::string& name = options.interpolation;
  if (name == "nearest") return Interpolation::kNearest;
  if (name == "bicubic") return Interpolation::kBicubic;
  const bool moves = options.rotation > 0 || options.auto_augment != "none";
  if (moves && name != "bilinear")
    throw UsageError(concat("--interpolation ", name, " can resize pictures but not turn or shear them"),
                     "use nearest, bilinear or bicubic, or drop --rotation and --auto-augment");
  return Interpolation::kBilinear;
}

}  // namespace

AugmentOptions augment_options(const TrainOptions& options) {
  AugmentOptions augment;
  augment.geometry.interpolation = geometric_interpolation(options);
  augment.vertical_flip_probability = options.vflip_prob;
  augment.max_rotation = options.rotation;
  augment.color_jitter = color_jitter_of(options.color_jitter);
  augment.grayscale_probability = options.grayscale_prob;
  augment.policy = policy_of(options.auto_augment);
  augment.rand_augment.num_ops = options.ra_num_ops;
  augment.rand_augment.magnitude = options.ra_magnitude;
  augment.aug_mix.severity = options.augmix_severity;
  augment.random_erasing = random_erasing_of(options);
  return augment;
}

void add_augment_options(OptionTable& table, TrainOptions& options) {
  table.group("Augmentation of training images, in this order, after crop and mirror");
  table.add("--vflip-prob", options.vflip_prob, "share of the images that are turned upside down").range(0, 1);
  table.add("--rotation", options.rotation, "turn by an angle up to this, to either side").unit("DEGREES").range(0, 180);
  table
      .add("--color-jitter", options.color_jitter,
           "brightness, contrast, saturation and hue change by factors from 1 - X to 1 + X and by up to HUE of the colour circle, in "
           "random order; one value stands for the first three")
      .unit("B,C,S,HUE")
      .at_least(0);
  table.add("--grayscale-prob", options.grayscale_prob, "share of the images that lose their colours").range(0, 1);
  table
      .add("--auto-augment", options.auto_augment,
           "ra: RandAugment, ta_wide: TrivialAugment, augmix: AugMix; imagenet, cifar10, svhn: what AutoAugment learned there")
      .choices(policy_names());
  table.add("--ra-num-ops", options.ra_num_ops, "ra: operations per image").range(1, 100);
  table.add("--ra-magnitude", options.ra_magnitude, "ra: strength of the operations, of 30").range(0, 30);
  table.add("--augmix-severity", options.augmix_severity, "augmix: strength of the operations, of 10").range(1, 10);
  table.add("--random-erase", options.random_erase, "share of the images of which a rectangle is erased").range(0, 1);
  table
      .add("--random-erase-value", options.random_erase_value,
           "what it is filled with, after normalisation: one value, three (R,G,B), or random (normal numbers)")
      .unit("X|random");
  table
      .add("--mixup-alpha", options.mixup_alpha,
           "blend each training image and its label with the one before it in the batch, in shares from a beta distribution with this "
           "alpha, e.g. 0.2; 0: not")
      .at_least(0);
  table
      .add("--cutmix-alpha", options.cutmix_alpha,
           "replace a rectangle of each training image by that of the one before it, e.g. 1; 0: not. With --mixup-alpha a coin decides, "
           "batch by batch")
      .at_least(0);
  table.add("--ra-sampler", options.ra_sampler, "repeated augmentation: fewer images in an epoch, each several times, differently augmented");
  table.add("--ra-reps", options.ra_reps, "times that --ra-sampler repeats an image").at_least(1);
}

}  // namespace skein
