#include "trainer/data/augment/random_erasing.h"

#include <algorithm>
#include <cmath>

#include "trainer/data/random_distributions.h"

namespace skein {

namespace {

constexpr int kNumTries = 10;

}  // namespace

std::optional<ImageBox> draw_erased_box(const RandomErasingOptions& options, ImageSize image, CounterRandom& random) {
  if (random.uniform() >= options.probability) return std::nullopt;
  const double area = static_cast<double>(image.width) * image.height;
  const double low = std::log(options.min_ratio), high = std::log(options.max_ratio);
  for (int i = 0; i < kNumTries; ++i) {
    const double erased_area = area * random.uniform(options.min_scale, options.max_scale);
    const double ratio = std::exp(random.uniform(low, high));
    const double height = std::nearbyint(std::sqrt(erased_area * ratio));
    const double width = std::nearbyint(std::sqrt(erased_area / ratio));
    if (!(height < image.height && width < image.width)) continue;
    ImageBox box{0, 0, static_cast<int>(width), static_cast<int>(height)};
    box.top = static_cast<int>(random.below(static_cast<uint64_t>(image.height - box.height) + 1));
    box.left = static_cast<int>(random.below(static_cast<uint64_t>(image.width - box.width) + 1));
    return box;
  }
  return std::nullopt;
}

void erase_box(const RandomErasingOptions& options, const ImageBox& box, CounterRandom& random, float* image,
               ImageSize image_size) {
  const size_t floats_per_row = static_cast<size_t>(image_size.width) * 3;
  const size_t num_floats = static_cast<size_t>(box.width) * 3;
  for (int y = box.top; y < box.top + box.height; ++y) {
    float* const row = image + floats_per_row * static_cast<size_t>(y) + static_cast<size_t>(box.left) * 3;
    if (options.random_values) {
      draw_normals(random, {row, num_floats});
    } else {
      for (int x = 0; x < box.width; ++x) std::copy(options.value.begin(), options.value.end(), row + x * 3);
    }
  }
}

}  // namespace skein
