#include "trainer/data/mix.h"

#include <algorithm>
#include <cmath>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/counter_random.h"
#include "trainer/data/random_distributions.h"

namespace skein {

namespace {

void check_alpha(const char* what, double alpha) {
  if (!(alpha >= 0.0 && std::isfinite(alpha))) throw UsageError(concat("the alpha of ", what, " is ", alpha), "ask for 0 (off) or more");
}

/// As torchvision's CutMix draws it: the centre anywhere, the sides in proportion, cut off at the border.
ImageBox draw_box(double own_share, ImageSize image, CounterRandom& random) {
  const int x = static_cast<int>(random.below(image.width)), y = static_cast<int>(random.below(image.height));
  const double half = 0.5 * std::sqrt(1.0 - own_share);
  const int half_width = static_cast<int>(half * image.width), half_height = static_cast<int>(half * image.height);
  const int left = std::max(x - half_width, 0), top = std::max(y - half_height, 0);
  return {left, top, std::min(x + half_width, image.width) - left, std::min(y + half_height, image.height) - top};
}

}  // namespace

void check(const MixOptions& options) {
  check_alpha("MixUp", options.mixup_alpha);
  check_alpha("CutMix", options.cutmix_alpha);
}

Mix draw_mix(const MixOptions& options, ImageSize image, uint64_t seed, uint64_t epoch, uint64_t batch) {
  CounterRandom random(seed, epoch, batch, RandomPurpose::kMix);
  const bool has_both = options.mixup_alpha > 0.0 && options.cutmix_alpha > 0.0;
  Mix mix;
  mix.is_cut = has_both ? random.below(2) == 1 : options.cutmix_alpha > 0.0;
  const double alpha = mix.is_cut ? options.cutmix_alpha : options.mixup_alpha;
  double own_share = draw_beta(random, alpha, alpha);
  if (mix.is_cut) {
    mix.box = draw_box(own_share, image, random);
    own_share = 1.0 - static_cast<double>(int64_t{mix.box.width} * mix.box.height) / (int64_t{image.width} * image.height);
  }
  mix.own_share = static_cast<float>(own_share);
  mix.other_share = static_cast<float>(1.0 - own_share);
  return mix;
}

void mix_image(const Mix& mix, ImageSize image_size, float* image, const float* other) {
  const size_t row_floats = static_cast<size_t>(image_size.width) * 3;
  if (mix.is_cut) {
    for (int y = mix.box.top; y < mix.box.top + mix.box.height; ++y) {
      const size_t begin = y * row_floats + static_cast<size_t>(mix.box.left) * 3;
      std::copy_n(other + begin, static_cast<size_t>(mix.box.width) * 3, image + begin);
    }
    return;
  }
  for (size_t i = 0; i < row_floats * image_size.height; ++i) image[i] = image[i] * mix.own_share + other[i] * mix.other_share;
}

}  // namespace skein
