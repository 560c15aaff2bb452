// Parts of pictures, pictures at a fraction of their size, and pictures turned upright.

#include "data_test_support.h"
#include "jpeg_kinds.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/counter_random.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image/orientation.h"

namespace skein {
namespace {

using testing::JpegKind;
using testing::bytes_of;
using testing::contains;
using testing::expected;
using testing::message_of;

RgbImage decoded(ImageDecoder& decoder, const std::vector<uint8_t>& bytes, const ImageBox& box, int reduction, DecodedPart& part) {
  RgbImage image;
  decoder.open(bytes, "test");
  part = decoder.decode(box, reduction, image);
  return image;
}

/// `part` holds the pixels of `box`, as they are in `whole`.
void expect_same(const RgbImage& whole, const RgbImage& image, const DecodedPart& part, const ImageBox& box, const std::string& what) {
  ASSERT_LE(part.left, box.left) << what;
  ASSERT_LE(part.top, box.top) << what;
  ASSERT_GE(part.left + image.width(), box.left + box.width) << what;
  ASSERT_GE(part.top + image.height(), box.top + box.height) << what;
  for (int y = box.top; y < box.top + box.height; ++y) {
    const uint8_t* in = image.row(y - part.top) + (box.left - part.left) * 3;
    ASSERT_TRUE(std::equal(in, in + box.width * 3, whole.row(y) + box.left * 3)) << what << ", row " << y;
  }
}

TEST(DecodePart, AnyPartIsAsInTheWhole) {
  for (const JpegKind& kind : testing::kJpegKinds) {
    for (const auto& [width, height] : {std::pair{203, 158}, std::pair{64, 64}, std::pair{17, 130}, std::pair{1, 1}}) {
      const auto bytes = testing::encode(kind, width, height);
      ImageDecoder decoder;
      for (const int reduction : {1, 2, 4, 8}) {
        const ImageSize divided{(width + reduction - 1) / reduction, (height + reduction - 1) / reduction};
        DecodedPart part;
        const RgbImage whole = decoded(decoder, bytes, {0, 0, divided.width, divided.height}, reduction, part);
        ASSERT_EQ(whole.dimensions(), divided) << kind.name;
        CounterRandom random(1, 0, static_cast<uint64_t>(width), RandomPurpose::kPlacement);
        for (int i = 0; i < 40; ++i) {
          ImageBox box;
          box.width = 1 + static_cast<int>(random.below(divided.width));
          box.height = 1 + static_cast<int>(random.below(divided.height));
          box.left = static_cast<int>(random.below(divided.width - box.width + 1));
          box.top = static_cast<int>(random.below(divided.height - box.height + 1));
          const RgbImage image = decoded(decoder, bytes, box, reduction, part);
          expect_same(whole, image, part, box, concat(kind.name, " ", width, "x", height, " / ", reduction, ", box ", box.left, " ", box.top, " ", box.width, " ", box.height));
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(DecodePart, LeavesOutWhatIsNotNeeded) {
  const auto bytes = testing::encode(testing::kJpegKinds[2], 800, 600);
  ImageDecoder decoder;
  DecodedPart part;
  const RgbImage image = decoded(decoder, bytes, {300, 200, 100, 80}, 1, part);
  EXPECT_LE(image.width(), 100 + 2 * 16 + 4);
  EXPECT_LE(image.height(), 80 + 4);
}

TEST(DecodePart, ReductionLeavesAtLeastWhatIsWanted) {
  ImageDecoder decoder;
  decoder.open(testing::encode(testing::kJpegKinds[0], 16, 16), "test");
  EXPECT_EQ(decoder.largest_reduction({447, 1000}, {224, 224}), 1);
  EXPECT_EQ(decoder.largest_reduction({448, 448}, {224, 224}), 2);
  EXPECT_EQ(decoder.largest_reduction({1000, 895}, {224, 224}), 2);
  EXPECT_EQ(decoder.largest_reduction({4000, 3000}, {224, 224}), 8);
  const auto png = bytes_of(expected("rgb.png"));
  decoder.open(png, "test");
  EXPECT_EQ(decoder.largest_reduction({4000, 3000}, {224, 224}), 1);
}

TEST(DecodePart, AReducedPictureIsCloseToTheResampledOne) {
  const auto bytes = testing::encode(testing::kJpegKinds[0], 160, 128);
  ImageDecoder decoder;
  DecodedPart part;
  const RgbImage whole = decoded(decoder, bytes, {0, 0, 160, 128}, 1, part);
  const RgbImage half = decoded(decoder, bytes, {0, 0, 80, 64}, 2, part);
  double difference = 0;
  for (int y = 0; y < 64; ++y)
    for (int i = 0; i < 240; ++i) {
      const int x = i / 3, c = i % 3;
      const int mean = (whole.row(2 * y)[x * 6 + c] + whole.row(2 * y)[x * 6 + 3 + c] + whole.row(2 * y + 1)[x * 6 + c] +
                        whole.row(2 * y + 1)[x * 6 + 3 + c] + 2) / 4;
      difference += std::abs(half.row(y)[i] - mean);
    }
  EXPECT_LT(difference / (64 * 240), 1.5);
}

TEST(DecodePart, ATruncatedJpegIsAnErrorWhateverPartIsWanted) {
  const auto whole = testing::encode(testing::kJpegKinds[2], 200, 200);
  for (const double share : {0.3, 0.6, 0.95}) {
    const std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * share));
    ImageDecoder decoder;
    DecodedPart part;
    EXPECT_TRUE(contains(message_of<DataError>([&] { decoded(decoder, cut, {0, 0, 16, 8}, 1, part); }), "test: truncated JPEG"));
  }
}

TEST(DecodePart, ADecoderWorksOnAfterAnError) {
  const auto good = testing::encode(testing::kJpegKinds[2], 60, 50);
  auto bad = good;
  bad.resize(bad.size() / 2);
  ImageDecoder decoder;
  DecodedPart part;
  const RgbImage before = decoded(decoder, good, {0, 0, 60, 50}, 1, part);
  for (int i = 0; i < 3; ++i) {
    message_of<DataError>([&] { decoded(decoder, bad, {0, 0, 60, 50}, 1, part); });
    message_of<DataError>([&] { decoder.open(std::vector<uint8_t>{0xFF, 0xD8, 0xFF, 0xE0, 0}, "header"); });
    const auto png = bytes_of(expected("rgb.png"));
    decoder.open(png, "png");
    EXPECT_EQ(testing::crc(decoded(decoder, good, {0, 0, 60, 50}, 1, part)), testing::crc(before));
  }
}

TEST(Orientation, IsPillowsExifTranspose) {
  for (const std::string& line : testing::lines_of(expected("orientation.txt"))) {
    const auto fields = testing::numbers_of<std::string>(line);
    const auto bytes = bytes_of(expected(fields[0]));
    ImageDecoder decoder;
    const ImageSize picture = decoder.open(bytes, fields[0]);
    EXPECT_EQ(picture, (ImageSize{std::stoi(fields[1]), std::stoi(fields[2])})) << line;
    RgbImage image;
    const DecodedPart part = decoder.decode({0, 0, picture.width, picture.height}, 1, image);
    EXPECT_EQ(part.left + part.top, 0);
    EXPECT_EQ(testing::crc(image), fields[3]) << line;
    for (const ImageBox& box : {ImageBox{3, 20, 12, 9}, ImageBox{0, 0, 1, 1}, ImageBox{picture.width - 2, picture.height - 5, 2, 5}}) {
      RgbImage piece;
      decoder.open(bytes, fields[0]);
      const DecodedPart where = decoder.decode(box, 1, piece);
      expect_same(image, piece, where, box, line);
    }
    EXPECT_EQ(decoder.open(bytes, fields[0], {.turn_upright = false}), (ImageSize{45, 38}));
  }
}

TEST(Orientation, DamagedExifDataMeanUpright) {
  const std::vector<uint8_t> little{'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
  ASSERT_EQ(exif_orientation(little), 6);
  for (size_t length = 0; length < little.size(); ++length) {
    const int found = exif_orientation(std::span(little).first(length));
    EXPECT_TRUE(found == 1 || (length >= 20 && found == 6)) << length;
  }
  for (size_t at = 0; at < little.size(); ++at) {
    for (const int change : {0xFF, 0x80, 0x09}) {
      auto damaged = little;
      damaged[at] ^= static_cast<uint8_t>(change);
      const int found = exif_orientation(damaged);
      EXPECT_TRUE(found >= 1 && found <= 8) << at;
    }
  }
  const std::vector<uint8_t> far{'M', 'M', 0, '*', 0xFF, 0xFF, 0xFF, 0xFF, 1, 0};
  EXPECT_EQ(exif_orientation(far), 1);
}

TEST(Orientation, BoxesThereAndBackAreTheSame) {
  const ImageSize stored{31, 17};
  for (int number = 1; number <= 8; ++number) {
    const Turn turn = turn_of(number);
    const ImageBox box{3, 5, 7, 9};
    EXPECT_EQ(box_after(box_before(box, stored, turn), stored, turn), box) << number;
  }
}

}  // namespace
}  // namespace skein
