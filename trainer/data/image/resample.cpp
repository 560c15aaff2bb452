#include "trainer/data/image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "trainer/data/image/resample_kernels.h"

namespace skein {

namespace {

/// Pillow 13 does the vertical pass first where that pays by its own estimate. The order decides about the
/// last bit.
bool does_rows_first(const ImageBox& source, const ImageSize& scaled) {
  const int64_t fewer_rows = int64_t{source.height} - scaled.height;
  const int64_t fewer_columns = int64_t{source.width} - scaled.width;
  return fewer_rows > 0 && fewer_rows > 2 * fewer_columns;
}

/// The pixels of the divided picture that a box touches.
ImageBox touched(const ImageBox& box, int reduction) {
  const int left = box.left / reduction, top = box.top / reduction;
  return {left, top, divided_up(box.left + box.width, reduction) - left, divided_up(box.top + box.height, reduction) - top};
}

ResampleAxis axis_of(int begin, int length, int reduction, int limit_begin, int limit_length, int scaled) {
  ResampleAxis axis;
  axis.num_input = limit_length;
  axis.begin = static_cast<double>(begin) / reduction - limit_begin;
  axis.end = axis.begin + static_cast<double>(length) / reduction;
  axis.num_output = scaled;
  return axis;
}

}  // namespace

void Resampler::plan(const Placement& placement, const ResampleFilter& filter, int reduction) {
  const ImageBox& source = placement.source;
  const ImageBox& window = placement.window;
  const auto overlap = [](int start, int length, int picture) {
    const int begin = std::clamp(start, 0, picture);
    return Range{begin, std::clamp(start + length, begin, picture)};
  };
  const Range on_columns = overlap(window.left, window.width, placement.scaled.width);
  const Range on_rows = overlap(window.top, window.height, placement.scaled.height);
  window_width_ = window.width;
  needed_ = {};
  rows_ = columns_ = {};
  if (on_columns.length() == 0 || on_rows.length() == 0) return;

  limits_ = touched(source, reduction);
  ResampleAxis x = axis_of(source.left, source.width, reduction, limits_.left, limits_.width, placement.scaled.width);
  ResampleAxis y = axis_of(source.top, source.height, reduction, limits_.top, limits_.height, placement.scaled.height);
  x.first_output = on_columns.begin, x.last_output = on_columns.end, x.mirrored = placement.mirrored;
  y.first_output = on_rows.begin, y.last_output = on_rows.end;
  horizontal_.compute(x, filter);
  vertical_.compute(y, filter);
  needed_ = {limits_.left + horizontal_.begin(), limits_.top + vertical_.begin(), horizontal_.end() - horizontal_.begin(),
             vertical_.end() - vertical_.begin()};
  rows_first_ = filter.interpolation != Interpolation::kNearest && does_rows_first(limits_, placement.scaled);
  const int left = on_columns.begin - window.left;
  columns_ = {left, left + on_columns.length()};
  if (placement.mirrored) columns_ = {window.width - columns_.end, window.width - columns_.begin};
  rows_ = {on_rows.begin - window.top, on_rows.end - window.top};
}

void Resampler::begin(const RgbView& part, int left, int top) {
  part_ = part;
  if (rows_.length() == 0) return;
  origin_ = part.pixels + (static_cast<std::ptrdiff_t>(limits_.top) - top) * static_cast<std::ptrdiff_t>(part.row_bytes) +
            (static_cast<std::ptrdiff_t>(limits_.left) - left) * 3;
  if (rows_first_) return;
  const int first = vertical_.begin(), num_rows = vertical_.end() - first;
  const size_t row_bytes = static_cast<size_t>(columns_.length()) * 3;
  intermediate_.resize(row_bytes * num_rows + RgbImage::kReadableTail);
  resample_horizontal(origin_ + first * static_cast<std::ptrdiff_t>(part.row_bytes), part.row_bytes, num_rows, horizontal_,
                      intermediate_.data(), row_bytes);
}

void Resampler::rows(int first, int last, uint8_t* output) {
  const size_t row_bytes = static_cast<size_t>(window_width_) * 3;
  if (columns_.length() < window_width_ || first < rows_.begin || last > rows_.end)
    std::memset(output, 0, row_bytes * (last - first));
  const int begin = std::max(first, rows_.begin), end = std::min(last, rows_.end);
  if (begin >= end) return;
  uint8_t* out = output + row_bytes * (begin - first) + columns_.begin * 3;
  if (rows_first_)
    pass_columns_last(begin - rows_.begin, end - rows_.begin, out, row_bytes);
  else
    pass_rows_last(begin - rows_.begin, end - rows_.begin, out, row_bytes);
}

void Resampler::pass_rows_last(int first, int last, uint8_t* output, size_t output_stride) {
  const size_t row_bytes = static_cast<size_t>(columns_.length()) * 3;
  for (int y = first; y < last; ++y, output += output_stride)
    resample_vertical(intermediate_.data() + row_bytes * (vertical_.first[y] - vertical_.begin()), row_bytes, vertical_, y, row_bytes,
                      output);
}

void Resampler::pass_columns_last(int first, int last, uint8_t* output, size_t output_stride) {
  const size_t begin = static_cast<size_t>(horizontal_.begin()) * 3, end = static_cast<size_t>(horizontal_.end()) * 3;
  intermediate_.resize(end * (last - first) + RgbImage::kReadableTail);
  for (int y = first; y < last; ++y)
    resample_vertical(origin_ + vertical_.first[y] * static_cast<std::ptrdiff_t>(part_.row_bytes) + begin, part_.row_bytes, vertical_, y,
                      end - begin, intermediate_.data() + (y - first) * end + begin);
  resample_horizontal(intermediate_.data(), end, last - first, horizontal_, output, output_stride);
}

void resample(const RgbView& input, const Placement& placement, const ResampleFilter& filter, Resampler& resampler,
              RgbImage& output) {
  output.reshape({placement.window.width, placement.window.height});
  resampler.plan(placement, filter);
  resampler.begin(input, 0, 0);
  resampler.rows(0, output.height(), output.data());
}

}  // namespace skein
