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

TEST(ImageHeader, FindsTheOrientation) {
  auto jpeg = bytes_of(expected("ycbcr_420.jpg"));
  EXPECT_EQ(read_image_header(jpeg, "x").orientation, 1);
  const std::vector<uint8_t> segment{0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                                     0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0};
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  EXPECT_EQ(read_image_header(jpeg, "x").orientation, 6);
}

}  // namespace
}  // namespace skein
