#include "trainer/data/image/decode.h"

#include "data_test_support.h"
#include "runtime/process/error.h"

namespace skein {
namespace {

using testing::bytes_of;
using testing::contains;
using testing::expected;
using testing::message_of;

class StoredImage : public ::testing::TestWithParam<const char*> {};

int max_difference(const RgbImage& image, const std::vector<uint8_t>& wanted) {
  EXPECT_EQ(image.num_bytes(), wanted.size());
  int difference = 0;
  for (size_t i = 0; i < std::min(wanted.size(), image.num_bytes()); ++i)
    difference = std::max(difference, std::abs(int{image.data()[i]} - int{wanted[i]}));
  return difference;
}

TEST_P(StoredImage, DecodesAsPillowDoes) {
  RgbImage image;
  decode_image(bytes_of(expected(GetParam())), GetParam(), image);
  EXPECT_EQ(image.dimensions(), (ImageSize{17, 13}));
  EXPECT_EQ(max_difference(image, bytes_of(expected(std::string(GetParam()) + ".rgb"))), 0);
}

TEST_P(StoredImage, EveryTruncationIsAnErrorOrComplete) {
  const auto whole = bytes_of(expected(GetParam()));
  const auto pixels = bytes_of(expected(std::string(GetParam()) + ".rgb"));
  const bool jpeg = std::string(GetParam()).ends_with(".jpg");
  size_t num_refused = 0;
  for (size_t length = 0; length < whole.size(); ++length) {
    RgbImage image;
    try {
      decode_image(std::span(whole).first(length), "cut", image);
      EXPECT_FALSE(jpeg) << "cut to " << length;
      EXPECT_EQ(max_difference(image, pixels), 0) << "cut to " << length;  // only what follows the pixels is missing
    } catch (const DataError& error) {
      EXPECT_TRUE(contains(error.what(), "cut: "));
      ++num_refused;
    }
  }
  EXPECT_GE(num_refused, whole.size() - 13);
}

TEST_P(StoredImage, DamageNeverCrashes) {
  const auto whole = bytes_of(expected(GetParam()));
  for (size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] ^= static_cast<uint8_t>(0x55 + at);
    RgbImage image;
    try {
      decode_image(damaged, "damaged", image);
    } catch (const DataError&) {
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, StoredImage,
                         ::testing::Values("ycbcr_420.jpg", "ycbcr_444_progressive.jpg", "grey.jpg", "cmyk.jpg",
                                           "rgb.png", "grey.png", "grey_1bit.png", "palette.png",
                                           "palette_transparent.png", "rgba.png", "grey_alpha.png", "rgb_16bit.png",
                                           "grey_16bit.png"));

std::string failure(const std::vector<uint8_t>& bytes) {
  RgbImage image;
  return message_of<DataError>([&] { decode_image(bytes, "birds/7.jpg", image); });
}

TEST(Decode, ErrorsNameTheFileAndTheCause) {
  EXPECT_TRUE(contains(failure({}), "image birds/7.jpg: the file is empty"));
  EXPECT_TRUE(contains(failure({'G', 'I', 'F', '8', '9', 'a'}), "birds/7.jpg: it is neither a JPEG nor a PNG"));
  for (const char* name : {"ycbcr_420.jpg", "ycbcr_444_progressive.jpg"}) {
    auto jpeg = bytes_of(expected(name));
    jpeg.resize(jpeg.size() - 60);
    EXPECT_TRUE(contains(failure(jpeg), "birds/7.jpg: truncated JPEG"));
  }
  auto png = bytes_of(expected("rgb.png"));
  png.resize(png.size() / 2);
  EXPECT_TRUE(contains(failure(png), "birds/7.jpg: truncated PNG"));
  auto damaged = bytes_of(expected("rgb.png"));
  damaged[damaged.size() / 2] ^= 1;
  EXPECT_TRUE(contains(failure(damaged), "birds/7.jpg: unreadable PNG"));
}

TEST(Decode, AHugePictureIsRefusedBeforeItsMemoryIsTaken) {
  auto jpeg = bytes_of(expected("grey.jpg"));
  const uint8_t frame[] = {0xFF, 0xC0, 0x00, 0x0B, 0x08};
  const auto at = std::search(jpeg.begin(), jpeg.end(), std::begin(frame), std::end(frame));
  ASSERT_NE(at, jpeg.end());
  std::fill(at + 5, at + 9, 0xFA);  // height and width
  EXPECT_TRUE(contains(failure(jpeg), "64250x64250 pixels are more than"));
}

TEST(Decode, OneImageObjectServesPicturesOfAllSizes) {
  RgbImage image = testing::pattern(100, 100);
  decode_image(bytes_of(expected("rgb.png")), "rgb.png", image);
  EXPECT_EQ(max_difference(image, bytes_of(expected("rgb.png.rgb"))), 0);
}

}  // namespace
}  // namespace skein
