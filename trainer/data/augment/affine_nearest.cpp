#include "trainer/data/augment/affine_nearest.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace skein {

namespace {

constexpr int kFractionBits = 16;
constexpr double kFixedLimit = 32768.0;

/// Towards zero, and -1 for anything below it.
int pixel_at(double coordinate) {
  return coordinate < 0.0 ? -1 : static_cast<int>(coordinate);
}

void fill_pixels(uint8_t* out, int num_pixels, const FillColor& fill) {
  for (int i = 0; i < num_pixels; ++i, out += 3) std::memcpy(out, fill.data(), 3);
}

/// Copies pixels of one picture, or a colour where there are none. A copy is of four bytes: the next pixel overwrites the last
/// one, and pictures have a tail.
class PixelCopier {
 public:
  PixelCopier(const RgbImage& input, const FillColor& fill)
      : pixels_(input.data()), row_bytes_(input.row_bytes()), width_(input.width()), height_(input.height()),
        fill_{fill[0], fill[1], fill[2], 0} {}

  void operator()(int x, int y, uint8_t* out) const {
    const bool is_inside = static_cast<unsigned>(x) < width_ && static_cast<unsigned>(y) < height_;
    std::memcpy(out, is_inside ? pixels_ + row_bytes_ * static_cast<unsigned>(y) + 3 * static_cast<size_t>(x) : fill_, 4);
  }

 private:
  const uint8_t* pixels_;
  size_t row_bytes_;
  unsigned width_, height_;
  uint8_t fill_[4];
};

bool fits_fixed_point(const AffineMatrix& m, ImageSize image) {
  for (const int x : {0, image.width})
    for (const int y : {0, image.height})
      if (!(std::fabs(x * m[0] + y * m[1] + m[2]) < kFixedLimit && std::fabs(x * m[3] + y * m[4] + m[5]) < kFixedLimit))
        return false;
  return true;
}

int to_fixed(double value) {
  return static_cast<int>(std::floor(value * (1 << kFractionBits) + 0.5));
}

void transform_fixed(const RgbImage& input, const AffineMatrix& m, const FillColor& fill, RgbImage& output) {
  const PixelCopier copy(input, fill);
  const int width = output.width();
  const int step_x = to_fixed(m[0]), step_y = to_fixed(m[3]);
  const int row_step_x = to_fixed(m[1]), row_step_y = to_fixed(m[4]);
  int row_x = to_fixed(m[2] + m[0] * 0.5 + m[1] * 0.5);
  int row_y = to_fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
  for (int y = 0; y < output.height(); ++y, row_x += row_step_x, row_y += row_step_y) {
    uint8_t* out = output.row(y);
    int source_x = row_x, source_y = row_y;
    for (int x = 0; x < width; ++x, out += 3, source_x += step_x, source_y += step_y)
      copy(source_x >> kFractionBits, source_y >> kFractionBits, out);
  }
}

void transform_large(const RgbImage& input, const AffineMatrix& m, const FillColor& fill, RgbImage& output) {
  const PixelCopier copy(input, fill);
  const int width = output.width();
  double row_x = m[2] + m[1] * 0.5 + m[0] * 0.5;
  double row_y = m[5] + m[4] * 0.5 + m[3] * 0.5;
  for (int y = 0; y < output.height(); ++y, row_x += m[1], row_y += m[4]) {
    uint8_t* out = output.row(y);
    double source_x = row_x, source_y = row_y;
    for (int x = 0; x < width; ++x, out += 3, source_x += m[0], source_y += m[3])
      copy(pixel_at(source_x), pixel_at(source_y), out);
  }
}

/// Rows stay rows, columns stay columns.
void transform_scale(const RgbImage& input, const AffineMatrix& m, const FillColor& fill, RgbImage& output) {
  const PixelCopier copy(input, fill);
  const int width = output.width();
  double source_y = m[5] + m[4] * 0.5;
  for (int y = 0; y < output.height(); ++y, source_y += m[4]) {
    const int row = pixel_at(source_y);
    uint8_t* out = output.row(y);
    double source_x = m[2] + m[0] * 0.5;
    for (int x = 0; x < width; ++x, out += 3, source_x += m[0])
      copy(pixel_at(source_x), row, out);
  }
}

bool is_whole(double value) {
  return std::fabs(value) < kFixedLimit && value == std::floor(value);
}

}  // namespace

bool shift_whole_pixels(const RgbImage& input, const AffineMatrix& m, const FillColor& fill, RgbImage& output) {
  if (m[0] != 1.0 || m[1] != 0.0 || m[3] != 0.0 || m[4] != 1.0 || !is_whole(m[2]) || !is_whole(m[5])) return false;
  const int shift_x = static_cast<int>(m[2]), shift_y = static_cast<int>(m[5]), width = input.width();
  const int begin = std::clamp(-shift_x, 0, width);
  const int end = std::max(begin, std::clamp(width - shift_x, 0, width));
  for (int y = 0; y < output.height(); ++y) {
    uint8_t* const out = output.row(y);
    const int row = y + shift_y;
    if (row < 0 || row >= input.height() || begin == end) {
      fill_pixels(out, width, fill);
      continue;
    }
    fill_pixels(out, begin, fill);
    std::memcpy(out + 3 * begin, input.row(row) + 3 * (begin + shift_x), static_cast<size_t>(end - begin) * 3);
    fill_pixels(out + 3 * end, width - end, fill);
  }
  return true;
}

void transform_nearest(const RgbImage& input, const AffineMatrix& m, const FillColor& fill, RgbImage& output) {
  if (shift_whole_pixels(input, m, fill, output)) return;
  if (m[1] == 0.0 && m[3] == 0.0) return transform_scale(input, m, fill, output);
  if (fits_fixed_point(m, input.dimensions())) return transform_fixed(input, m, fill, output);
  transform_large(input, m, fill, output);
}

}  // namespace skein
