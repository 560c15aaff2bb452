#include "trainer/data/pack/image_header.h"
#include "trainer/data/image/orientation.h"

#include "data_test_support.h"
#include "runtime/process/error.h"
#include "trainer/data/image/decode.h"

namespace skein {
namespace {

using namespace skein::testing;
using Color = ImageHeader::Color;

ImageHeader header_of(const std::string& name) {
  return read_image_header(bytes_of(expected(name)), name);
}

TEST(ImageHeader, AgreesWithTheDecoder) {
  for (const char* name : {"cmyk.jpg", "grey.jpg", "ycbcr_420.jpg", "ycbcr_444_progressive.jpg", "grey_1bit.png", "palette.png",
                           "rgb_16bit.png", "rgba.png"}) {
    RgbImage image;
    decode_image(bytes_of(expected(name)), name, image);
    EXPECT_EQ(header_of(name).dimensions, image.dimensions()) << name;
  }
}

TEST(ImageHeader, TellsFormatAndColor) {
  EXPECT_EQ(header_of("cmyk.jpg").color, Color::kCmyk);
  EXPECT_EQ(header_of("grey.jpg").color, Color::kGrey);
  EXPECT_EQ(header_of("ycbcr_420.jpg").color, Color::kColor);
  for (const char* name : {"grey.png", "grey_alpha.png", "grey_16bit.png"}) EXPECT_EQ(header_of(name).color, Color::kGrey) << name;
  for (const char* name : {"rgb.png", "rgba.png", "palette.png"}) EXPECT_EQ(header_of(name).color, Color::kColor) << name;
  EXPECT_EQ(header_of("rgb.png").format, ImageHeader::Format::kPng);
  EXPECT_EQ(header_of("grey.jpg").format, ImageHeader::Format::kJpeg);
}

TEST(ImageHeader, RefusesWhatIsNone) {
  const auto refusal = [](std::vector<uint8_t> bytes) {
    return message_of<DataError>([&] { read_image_header(bytes, "bird.jpg"); });
  };
  EXPECT_TRUE(contains(refusal({}), "bird.jpg"));
  EXPECT_TRUE(contains(refusal({}), "empty"));
  EXPECT_TRUE(contains(refusal({'x', 'y', 'z'}), "neither"));
  auto jpeg = bytes_of(expected("grey.jpg"));
  jpeg.resize(30);
  EXPECT_TRUE(contains(refusal(jpeg), "JPEG"));
  auto png = bytes_of(expected("rgb.png"));
  std::fill_n(png.begin() + 16, 4, 0);
  EXPECT_TRUE(contains(refusal(png), "no pixels"));
  std::fill_n(png.begin() + 16, 8, 0x7F);
  EXPECT_TRUE(contains(refusal(png), "more than"));
  png.resize(20);
  EXPECT_TRUE(contains(refusal(png), "truncated"));
}

std::vector<uint8_t> tiff(uint8_t orientation, bool little) {
  if (little)
    return {'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0, 0x0F, 1, 3, 0, 1, 0, 0, 0, 9, 9, 0, 0,
            0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0};
  return {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 2, 1, 0x0F, 0, 3, 0, 0, 0, 1, 9, 9, 0, 0,
          1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0};
}

TEST(ExifOrientation, InBothByteOrders) {
  for (const bool little : {false, true})
    for (uint8_t value = 1; value <= 8; ++value) EXPECT_EQ(exif_orientation(tiff(value, little)), value);
}

TEST(ExifOrientation, NonsenseIsUpright) {
  EXPECT_EQ(exif_orientation({}), 1);
  EXPECT_EQ(exif_orientation(tiff(9, true)), 1);
  EXPECT_EQ(exif_orientation(tiff(0, false)), 1);
  auto bytes = tiff(6, true);
  for (size_t length = 0; length < bytes.size() - 2; ++length)
    EXPECT_EQ(exif_orientation(std::span(bytes).first(length)), length < 32 ? 1 : 6) << length;
  bytes[4] = 0xFF;
  bytes[7] = 0xFF;  // a table beyond the end
  EXPECT_EQ(exif_orientation(bytes), 1);
}

TEST(ExifOrientation, IsFoundInAJpeg) {
  auto jpeg = bytes_of(expected("ycbcr_420.jpg"));
  EXPECT_EQ(read_image_header(jpeg, "x").orientation, 1);
  std::vector<uint8_t> segment{0xFF, 0xE1, 0, 0, 'E', 'x', 'i', 'f', 0, 0};
  const auto exif = tiff(6, false);
  segment.insert(segment.end(), exif.begin(), exif.end());
  segment[3] = static_cast<uint8_t>(segment.size() - 2);
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  EXPECT_EQ(read_image_header(jpeg, "x").orientation, 6);
}

}  // namespace
}  // namespace skein
