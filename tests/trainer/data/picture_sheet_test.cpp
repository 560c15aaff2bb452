#include "trainer/data/image/picture_sheet.h"

#include <gtest/gtest.h>

#include <span>

#include "trainer/data/encode_png.h"
#include "trainer/data/image/decode.h"

namespace skein {
namespace {

std::vector<int> pixel(const RgbImage& image, int x, int y) {
  const uint8_t* at = image.row(y) + 3 * x;
  return {at[0], at[1], at[2]};
}

TEST(PictureSheet, ImagesAreAsTheyWereBeforeNormalisation) {
  constexpr int kWidth = 3, kHeight = 2, kCount = 9;
  const ChannelStatistics statistics;
  std::vector<RgbImage> images;
  std::vector<float> floats(static_cast<size_t>(kCount) * kHeight * kWidth * 3);
  for (int i = 0; i < kCount; ++i) {
    RgbImage& image = images.emplace_back(kWidth, kHeight);
    for (size_t byte = 0; byte < image.num_bytes(); ++byte) image.data()[byte] = static_cast<uint8_t>(37 * i + 29 * byte);
    Normalizer(statistics).apply({image.data(), image.num_bytes()}, floats.data() + static_cast<size_t>(i) * image.num_bytes());
  }
  const Batch batch{.num_images = kCount, .height = kHeight, .width = kWidth, .images = floats};
  const RgbImage sheet = sheet_of(batch, 100, statistics);
  EXPECT_EQ(sheet.width(), 8 * kWidth + 7 * 2);
  EXPECT_EQ(sheet.height(), 2 * kHeight + 2);
  for (int i = 0; i < kCount; ++i)
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x)
        EXPECT_EQ(pixel(sheet, i % 8 * (kWidth + 2) + x, i / 8 * (kHeight + 2) + y), pixel(images[static_cast<size_t>(i)], x, y)) << i;
  EXPECT_EQ(sheet_of(batch, 2).width(), 2 * kWidth + 2);
}

TEST(PictureSheet, ConfusionsAreOrangeAndRightAnswersBlue) {
  const RgbImage image = sheet_of_confusion({10, 0, 5, 5}, 2);
  const int margin = 34, cell = 44;
  EXPECT_EQ(image.width(), margin + 2 * cell);
  const auto corner = [&](int truth, int predicted) { return pixel(image, margin + predicted * cell + 1, margin + truth * cell + 1); };
  EXPECT_EQ(corner(0, 0), (std::vector<int>{31, 111, 184}));
  EXPECT_EQ(corner(0, 1), (std::vector<int>{240, 242, 245}));
  EXPECT_GT(corner(1, 0)[0], corner(1, 0)[2]) << "orange";
  EXPECT_LT(corner(1, 1)[0], corner(1, 1)[2]) << "blue";
  int ink = 0;
  for (int y = 0; y < cell; ++y)
    for (int x = 0; x < cell; ++x) ink += pixel(image, margin + x, margin + y) == std::vector<int>{255, 255, 255};
  EXPECT_GT(ink, 43) << "its count, and the line beside the cell";
  EXPECT_EQ(sheet_of_confusion(std::vector<int64_t>(700 * 700, 1), 700).width(), 700);
}

TEST(EncodePng, ReadsBack) {
  RgbImage image(5, 3), read;
  for (size_t byte = 0; byte < image.num_bytes(); ++byte) image.data()[byte] = static_cast<uint8_t>(11 * byte);
  std::vector<uint8_t> file;
  encode_png(image.data(), {5, 3, 3}, file);
  decode_image(file, "sheet", read);
  ASSERT_EQ(read.dimensions(), image.dimensions());
  EXPECT_TRUE(std::equal(image.data(), image.data() + image.num_bytes(), read.data()));
}

}  // namespace
}  // namespace skein
