#include "trainer/data/image/picture_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace skein {
namespace {

using Color = std::array<uint8_t, 3>;

constexpr int kImagesInRow = 8;
constexpr int kGap = 2;  // pixels
constexpr Color kPaper{255, 255, 255}, kEmpty{240, 242, 245}, kInk{27, 35, 48}, kRight{31, 111, 184}, kWrong{200, 81, 27};
constexpr int kMatrixPixels = 704, kMaxCell = 44, kMargin = 34;
constexpr int kLeastTextCell = 24;  // pixels; smaller cells stay without counts
constexpr int kScale = 2, kDigitWidth = 3, kDigitHeight = 5;

/// Rows of three pixels, from the top, the leftmost in bit 2.
constexpr std::array<std::array<uint8_t, kDigitHeight>, 10> kDigits{{{7, 5, 5, 5, 7},
                                                                     {2, 6, 2, 2, 7},
                                                                     {7, 1, 7, 4, 7},
                                                                     {7, 1, 7, 1, 7},
                                                                     {5, 5, 7, 1, 1},
                                                                     {7, 4, 7, 1, 7},
                                                                     {7, 4, 7, 5, 7},
                                                                     {7, 1, 1, 2, 2},
                                                                     {7, 5, 7, 5, 7},
                                                                     {7, 5, 7, 1, 7}}};

void fill(RgbImage& image, const ImageBox& box, const Color& color) {
  for (int y = box.top; y < box.top + box.height; ++y)
    for (int x = box.left; x < box.left + box.width; ++x)
      for (int channel = 0; channel < 3; ++channel) image.row(y)[3 * x + channel] = color[static_cast<size_t>(channel)];
}

RgbImage blank(int width, int height, const Color& color) {
  RgbImage image(width, height);
  fill(image, {0, 0, width, height}, color);
  return image;
}

int text_width(const std::string& digits) {
  return static_cast<int>(digits.size()) * (kDigitWidth + 1) * kScale - kScale;
}

/// In the middle of a box, or not at all where it does not fit.
void draw_number(RgbImage& image, const ImageBox& box, int64_t number, const Color& color) {
  const std::string digits = std::to_string(number);
  if (text_width(digits) > box.width || kDigitHeight * kScale > box.height) return;
  int left = box.left + (box.width - text_width(digits)) / 2;
  const int top = box.top + (box.height - kDigitHeight * kScale) / 2;
  for (const char digit : digits) {
    for (int y = 0; y < kDigitHeight; ++y)
      for (int x = 0; x < kDigitWidth; ++x)
        if ((kDigits[static_cast<size_t>(digit - '0')][static_cast<size_t>(y)] >> (2 - x) & 1) != 0)
          fill(image, {left + x * kScale, top + y * kScale, kScale, kScale}, color);
    left += (kDigitWidth + 1) * kScale;
  }
}

Color mixed(const Color& from, const Color& to, double share) {
  Color color;
  for (size_t i = 0; i < 3; ++i) color[i] = static_cast<uint8_t>(std::lround(from[i] + (to[i] - from[i]) * share));
  return color;
}

void copy_image(const Batch& batch, int number, const ChannelStatistics& statistics, RgbImage& sheet, int left, int top) {
  const size_t row_floats = static_cast<size_t>(batch.width) * 3;
  for (int y = 0; y < batch.height; ++y) {
    const size_t first = (static_cast<size_t>(number) * static_cast<size_t>(batch.height) + static_cast<size_t>(y)) * row_floats;
    for (size_t i = 0; i < row_floats; ++i) {
      const float pixel = batch.images[first + i] * statistics.deviation[i % 3] + statistics.mean[i % 3];
      sheet.row(top + y)[static_cast<size_t>(left) * 3 + i] =
          static_cast<uint8_t>(std::lround(std::clamp(std::isfinite(pixel) ? pixel : 0.0f, 0.0f, 1.0f) * 255));
    }
  }
}

void draw_cells(RgbImage& image, const int64_t* row, int num_classes, int truth, int cell, int margin) {
  int64_t total = 0;
  for (int predicted = 0; predicted < num_classes; ++predicted) total += row[predicted];
  const int gap = cell >= 8 ? 1 : 0;
  for (int predicted = 0; predicted < num_classes; ++predicted) {
    if (row[predicted] == 0) continue;
    const double share = std::sqrt(static_cast<double>(row[predicted]) / static_cast<double>(total));
    const ImageBox box{margin + predicted * cell, margin + truth * cell, cell - gap, cell - gap};
    fill(image, box, mixed(kEmpty, predicted == truth ? kRight : kWrong, std::max(0.08, share)));
    if (cell >= kLeastTextCell) draw_number(image, box, row[predicted], share > 0.7 ? kPaper : kInk);
  }
}

}  // namespace

RgbImage sheet_of(const Batch& batch, int num_images, const ChannelStatistics& statistics) {
  const int count = std::min(num_images, batch.num_images);
  const int columns = std::min(count, kImagesInRow);
  const int rows = (count + columns - 1) / columns;
  RgbImage sheet = blank(columns * (batch.width + kGap) - kGap, rows * (batch.height + kGap) - kGap, kPaper);
  for (int i = 0; i < count; ++i)
    copy_image(batch, i, statistics, sheet, i % columns * (batch.width + kGap), i / columns * (batch.height + kGap));
  return sheet;
}

RgbImage sheet_of_confusion(const std::vector<int64_t>& counts, int num_classes) {
  const int cell = std::clamp(kMatrixPixels / num_classes, 1, kMaxCell);
  const int margin = cell >= kDigitHeight * kScale ? kMargin : 0;
  RgbImage image = blank(margin + num_classes * cell, margin + num_classes * cell, kPaper);
  fill(image, {margin, margin, num_classes * cell, num_classes * cell}, kEmpty);
  for (int number = 0; number < num_classes; ++number) {
    draw_cells(image, counts.data() + static_cast<std::ptrdiff_t>(number) * num_classes, num_classes, number, cell, margin);
    if (margin == 0) continue;
    draw_number(image, {0, margin + number * cell, margin, cell}, number, kInk);
    draw_number(image, {margin + number * cell, 0, cell, margin}, number, kInk);
  }
  return image;
}

}  // namespace skein
