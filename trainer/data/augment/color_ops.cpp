#include "trainer/data/augment/color_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "trainer/data/augment/color_kernels.h"

namespace skein {

namespace {

constexpr int kNumValues = 256;
using ValueTable = std::array<uint8_t, kNumValues>;
using Histogram = std::array<uint32_t, kNumValues>;

size_t num_pixels(const RgbImage& image) {
  return image.num_bytes() / 3;
}

void count_values(const RgbImage& image, std::array<Histogram, 3>& histograms) {
  histograms = {};
  const uint8_t* const end = image.data() + image.num_bytes();
  for (const uint8_t* pixel = image.data(); pixel != end; pixel += 3)
    for (int channel = 0; channel < 3; ++channel) ++histograms[channel][pixel[channel]];
}

void replace_values(RgbImage& image, const std::array<ValueTable, 3>& tables) {
  uint8_t* const end = image.data() + image.num_bytes();
  for (uint8_t* pixel = image.data(); pixel != end; pixel += 3)
    for (int channel = 0; channel < 3; ++channel) pixel[channel] = tables[channel][pixel[channel]];
}

void fill_with_identity(ValueTable& table) {
  for (int value = 0; value < kNumValues; ++value) table[value] = static_cast<uint8_t>(value);
}

/// Each channel through a table that `fill` makes from its histogram.
template <class Fill>
void replace_by_histogram(RgbImage& image, const Fill& fill) {
  if (image.num_bytes() == 0) return;
  std::array<Histogram, 3> histograms;
  std::array<ValueTable, 3> tables;
  count_values(image, histograms);
  for (int channel = 0; channel < 3; ++channel) fill(histograms[channel], tables[channel]);
  replace_values(image, tables);
}

bool is_used(uint32_t count) {
  return count != 0;
}

/// Some value must occur.
int lowest_value(const Histogram& histogram) {
  return static_cast<int>(std::find_if(histogram.begin(), histogram.end(), is_used) - histogram.begin());
}
int highest_value(const Histogram& histogram) {
  return kNumValues - 1 - static_cast<int>(std::find_if(histogram.rbegin(), histogram.rend(), is_used) - histogram.rbegin());
}

void stretch(const Histogram& histogram, ValueTable& table) {
  const int low = lowest_value(histogram), high = highest_value(histogram);
  if (high <= low) return fill_with_identity(table);
  const double scale = 255.0 / (high - low);
  const double offset = -low * scale;
  for (int value = 0; value < kNumValues; ++value)
    table[value] = static_cast<uint8_t>(std::clamp(static_cast<int>(value * scale + offset), 0, 255));
}

void even_out(const Histogram& histogram, ValueTable& table) {
  uint64_t total = 0;
  for (const uint32_t count : histogram) total += count;
  const uint64_t step = (total - histogram[highest_value(histogram)]) / 255;
  if (step == 0) return fill_with_identity(table);  // too few pixels, or one value only
  uint64_t sum = step / 2;
  for (int value = 0; value < kNumValues; ++value) {
    table[value] = static_cast<uint8_t>(std::min<uint64_t>(sum / step, 255));
    sum += histogram[value];
  }
}

void smooth(const RgbImage& image, RgbImage& output) {
  output.reshape(image.dimensions());
  std::memcpy(output.data(), image.data(), image.num_bytes());
  if (image.width() < 3) return;
  const size_t inner_bytes = image.row_bytes() - 6;
  for (int y = 1; y + 1 < image.height(); ++y)
    smooth_row(image.row(y - 1) + 3, image.row(y) + 3, image.row(y + 1) + 3, inner_bytes, output.row(y) + 3);
}

}  // namespace

void adjust_brightness(RgbImage& image, double factor) {
  blend_from_value(0, image.data(), image.num_bytes(), static_cast<float>(factor));
}

void adjust_contrast(RgbImage& image, double factor) {
  if (image.num_bytes() == 0) return;
  const double sum = static_cast<double>(sum_of_luma(image.data(), num_pixels(image)));
  const double mean = sum / static_cast<double>(num_pixels(image));
  blend_from_value(static_cast<uint8_t>(mean + 0.5), image.data(), image.num_bytes(), static_cast<float>(factor));
}

void adjust_saturation(RgbImage& image, double factor) {
  blend_from_luma(image.data(), num_pixels(image), static_cast<float>(factor));
}

void adjust_sharpness(RgbImage& image, double factor, RgbImage& spare) {
  smooth(image, spare);
  blend(spare.data(), image.data(), image.num_bytes(), static_cast<float>(factor), image.data());
}

void adjust_hue(RgbImage& image, double share) {
  shift_hue(image.data(), num_pixels(image), static_cast<uint8_t>(static_cast<int>(share * 255)));
}

void to_grayscale(RgbImage& image) {
  replace_by_luma(image.data(), num_pixels(image));
}

void posterize(RgbImage& image, int bits) {
  const auto mask = static_cast<uint8_t>(0xFF00 >> bits);
  uint8_t* const bytes = image.data();
  const size_t num_bytes = image.num_bytes();
  for (size_t i = 0; i < num_bytes; ++i) bytes[i] &= mask;
}

void solarize(RgbImage& image, double threshold) {
  invert_from(static_cast<int>(std::ceil(std::clamp(threshold, 0.0, 256.0))), image.data(), image.num_bytes());
}

void invert(RgbImage& image) {
  invert_from(0, image.data(), image.num_bytes());
}

void autocontrast(RgbImage& image) {
  replace_by_histogram(image, stretch);
}

void equalize(RgbImage& image) {
  replace_by_histogram(image, even_out);
}

void flip_vertically(RgbImage& image) {
  for (int top = 0, bottom = image.height() - 1; top < bottom; ++top, --bottom)
    std::swap_ranges(image.row(top), image.row(top) + image.row_bytes(), image.row(bottom));
}

}  // namespace skein
