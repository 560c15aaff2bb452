#include "benchmarks/loader_perf/photographs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "runtime/process/text.h"
#include "trainer/data/counter_random.h"
#include "trainer/data/encode_jpeg.h"
#include "trainer/data/file_bytes.h"

namespace skein::bench {
namespace {

constexpr int kNumLeaves = 1500;
constexpr double kSmallestRadius = 2.5;
constexpr double kLargestRadius = 160;

using Color = std::array<float, 3>;

/// One disc: its colour changes in a direction, and its grain varies from disc to disc.
struct Leaf {
  double x, y, radius;
  Color color, slope_x, slope_y;
  float grain;
};

Leaf draw_leaf(CounterRandom& random, ImageSize size) {
  Leaf leaf;
  leaf.x = random.uniform(-40, size.width + 40.0);
  leaf.y = random.uniform(-40, size.height + 40.0);
  // Density r^-3 between the limits, by inversion.
  const double low = 1 / (kSmallestRadius * kSmallestRadius), high = 1 / (kLargestRadius * kLargestRadius);
  leaf.radius = 1 / std::sqrt(random.uniform(high, low));
  const double brightness = random.uniform(20, 220);
  for (int c = 0; c < 3; ++c) {
    leaf.color[c] = static_cast<float>(brightness + random.uniform(-35, 35));
    leaf.slope_x[c] = static_cast<float>(random.uniform(-25, 25) / leaf.radius);
    leaf.slope_y[c] = static_cast<float>(random.uniform(-25, 25) / leaf.radius);
  }
  leaf.grain = static_cast<float>(random.uniform(0, 1) < 0.35 ? random.uniform(8, 30) : random.uniform(0, 5));
  return leaf;
}

/// Noise in [-1, 1) that neighbouring pixels do not share.
float grain_at(int x, int y, uint32_t leaf) {
  uint32_t h = static_cast<uint32_t>(x) * 0x9E3779B1u ^ static_cast<uint32_t>(y) * 0x85EBCA77u ^ leaf * 0xC2B2AE3Du;
  h = (h ^ h >> 15) * 0x2C1B3C6Du;
  h ^= h >> 12;
  return static_cast<float>(static_cast<int32_t>(h)) / 2147483648.0f;
}

void paint(const Leaf& leaf, uint32_t number, ImageSize size, std::vector<Color>& canvas) {
  const int top = std::max(0, static_cast<int>(leaf.y - leaf.radius));
  const int bottom = std::min(size.height, static_cast<int>(leaf.y + leaf.radius) + 1);
  for (int y = top; y < bottom; ++y) {
    const double half = std::sqrt(std::max(0.0, leaf.radius * leaf.radius - (y - leaf.y) * (y - leaf.y)));
    const int left = std::max(0, static_cast<int>(leaf.x - half)), right = std::min(size.width, static_cast<int>(leaf.x + half) + 1);
    for (int x = left; x < right; ++x) {
      const auto dx = static_cast<float>(x - leaf.x), dy = static_cast<float>(y - leaf.y);
      const float grain = leaf.grain * grain_at(x, y, number);
      Color& pixel = canvas[static_cast<size_t>(y) * size.width + x];
      for (int c = 0; c < 3; ++c) pixel[c] = leaf.color[c] + leaf.slope_x[c] * dx + leaf.slope_y[c] * dy + grain;
    }
  }
}

/// A lens: each pixel takes a quarter of its four neighbours' mean.
void soften(const std::vector<Color>& canvas, RgbImage& image) {
  const int width = image.width(), height = image.height();
  const auto at = [&](int x, int y) -> const Color& {
    return canvas[static_cast<size_t>(std::clamp(y, 0, height - 1)) * width + std::clamp(x, 0, width - 1)];
  };
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float around = at(x - 1, y)[c] + at(x + 1, y)[c] + at(x, y - 1)[c] + at(x, y + 1)[c];
        image.row(y)[x * 3 + c] = static_cast<uint8_t>(std::clamp(0.6f * at(x, y)[c] + 0.1f * around + 0.5f, 0.0f, 255.0f));
      }
}

}  // namespace

RgbImage photograph(ImageSize dimensions, uint64_t number) {
  CounterRandom random(7, 0, number, RandomPurpose::kPlacement);
  const size_t num_pixels = static_cast<size_t>(dimensions.width) * dimensions.height;
  std::vector<Color> canvas(num_pixels, Color{90, 110, 130});
  for (uint32_t leaf = 0; leaf < kNumLeaves; ++leaf) paint(draw_leaf(random, dimensions), leaf, dimensions, canvas);
  RgbImage image(dimensions.width, dimensions.height);
  soften(canvas, image);
  return image;
}

uint64_t write_photographs(const std::filesystem::path& folder, int num_images, ImageSize dimensions, int quality) {
  uint64_t num_bytes = 0;
  std::vector<uint8_t> file;
  for (int i = 0; i < num_images; ++i) {
    const std::filesystem::path class_folder = folder / concat("class_", i % 2);
    std::filesystem::create_directories(class_folder);
    const RgbImage image = photograph(dimensions, static_cast<uint64_t>(i));
    encode_jpeg(image.data(), {dimensions.width, dimensions.height, 3}, quality, file);
    replace_file(class_folder / concat(100000 + i, ".jpg"), file);
    num_bytes += file.size();
  }
  return num_bytes;
}

}  // namespace skein::bench
