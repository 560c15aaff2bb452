#include "trainer/data/image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "trainer/data/image/resample_kernels.h"

namespace skein {

namespace {

double triangle(double x) {
  return std::max(0.0, 1.0 - std::fabs(x));
}

int32_t to_fixed_point(double weight) {
  return static_cast<int32_t>(0.5 + weight * (1 << ResampleWeights::kFractionBits));
}

/// The part of the window [start, start + length) that lies on the scaled picture, in the picture's
/// coordinates.
struct Overlap {
  int begin, end;
  Overlap(int start, int length, int picture)
      : begin(std::clamp(start, 0, picture)), end(std::clamp(start + length, begin, picture)) {}
  int length() const { return end - begin; }
};

void mirror(RgbImage& image) {
  for (int y = 0; y < image.height(); ++y) {
    uint8_t* row = image.row(y);
    for (int left = 0, right = image.width() - 1; left < right; ++left, --right)
      std::swap_ranges(row + left * 3, row + left * 3 + 3, row + right * 3);
  }
}

/// Pillow 13 does the vertical pass first where that pays by its own estimate. The order decides about the
/// last bit.
bool vertical_pass_first(const ImageBox& source, const ImageSize& scaled) {
  const int64_t fewer_rows = int64_t{source.height} - scaled.height;
  const int64_t fewer_columns = int64_t{source.width} - scaled.width;
  return fewer_rows > 0 && fewer_rows > 2 * fewer_columns;
}

/// One picture's resampling: where it reads from, and the part of the output that lies on the picture.
struct Pass {
  const uint8_t* source;  ///< first pixel of the source box
  size_t source_stride;
  uint8_t* output;  ///< first pixel to be written
  size_t output_stride;
  int num_columns, num_rows;
};

void columns_then_rows(const Pass& pass, ResampleScratch& scratch) {
  const ResampleWeights& vertical = scratch.vertical;
  const int first_row = vertical.first.front();
  const int num_rows = vertical.first.back() + vertical.count.back() - first_row;
  const size_t row_bytes = static_cast<size_t>(pass.num_columns) * 3;
  scratch.rows.resize(row_bytes * num_rows + RgbImage::kReadableTail);
  resample_horizontal(pass.source + first_row * pass.source_stride, pass.source_stride, num_rows, scratch.horizontal,
                      scratch.rows.data(), row_bytes);
  for (int y = 0; y < pass.num_rows; ++y)
    resample_vertical(scratch.rows.data() + row_bytes * (vertical.first[y] - first_row), row_bytes, vertical.count[y],
                      vertical.row(y), row_bytes, pass.output + y * pass.output_stride);
}

void rows_then_columns(const Pass& pass, ResampleScratch& scratch) {
  const ResampleWeights& vertical = scratch.vertical;
  const ResampleWeights& horizontal = scratch.horizontal;
  const size_t begin = static_cast<size_t>(horizontal.first.front()) * 3;
  const size_t end = static_cast<size_t>(horizontal.first.back() + horizontal.count.back()) * 3;
  scratch.rows.resize(end * pass.num_rows + RgbImage::kReadableTail);
  for (int y = 0; y < pass.num_rows; ++y)
    resample_vertical(pass.source + vertical.first[y] * pass.source_stride + begin, pass.source_stride,
                      vertical.count[y], vertical.row(y), end - begin, scratch.rows.data() + y * end + begin);
  resample_horizontal(scratch.rows.data(), end, pass.num_rows, horizontal, pass.output, pass.output_stride);
}

}  // namespace

void ResampleWeights::compute(int input, int output, int begin, int end) {
  const double scale = static_cast<double>(input) / output;
  const double support = std::max(scale, 1.0), inverse = 1.0 / support;
  taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  first.resize(end - begin);
  count.resize(end - begin);
  weights.assign(static_cast<size_t>(end - begin) * taps, 0);
  std::vector<double> exact(taps);
  for (int i = begin; i < end; ++i) {
    const double centre = (i + 0.5) * scale;
    const int low = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int num = std::min(static_cast<int>(centre + support + 0.5), input) - low;
    double sum = 0.0;
    for (int k = 0; k < num; ++k) sum += exact[k] = triangle((k + low - centre + 0.5) * inverse);
    first[i - begin] = low;
    count[i - begin] = num;
    int32_t* out = &weights[static_cast<size_t>(i - begin) * taps];
    for (int k = 0; k < num; ++k) out[k] = to_fixed_point(sum != 0.0 ? exact[k] / sum : exact[k]);
  }
}

void resample(const RgbView& input, const Placement& placement, ResampleScratch& scratch, RgbImage& output) {
  const ImageBox& source = placement.source;
  const ImageBox& window = placement.window;
  const Overlap columns(window.left, window.width, placement.scaled.width);
  const Overlap rows(window.top, window.height, placement.scaled.height);
  output.reshape({window.width, window.height});
  if (columns.length() < window.width || rows.length() < window.height)
    std::memset(output.data(), 0, output.num_bytes());
  if (columns.length() == 0 || rows.length() == 0) return;

  scratch.horizontal.compute(source.width, placement.scaled.width, columns.begin, columns.end);
  scratch.vertical.compute(source.height, placement.scaled.height, rows.begin, rows.end);
  const Pass pass{input.row(source.top) + source.left * 3,
                  input.row_bytes,
                  output.row(rows.begin - window.top) + (columns.begin - window.left) * 3,
                  output.row_bytes(),
                  columns.length(),
                  rows.length()};
  if (vertical_pass_first(source, placement.scaled))
    rows_then_columns(pass, scratch);
  else
    columns_then_rows(pass, scratch);
  if (placement.mirrored) mirror(output);
}

}  // namespace skein
