#include "trainer/data/image/resample.h"
#include "trainer/data/placement.h"

#include "data_test_support.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

RgbImage resampled(const RgbImage& input, const Placement& placement, const ResampleFilter& filter = {}) {
  Resampler resampler;
  RgbImage output;
  resample(input, placement, filter, resampler, output);
  return output;
}

TEST(Resample, IsPillowsBilinearBitForBit) {
  for (const std::string& line : testing::lines_of(testing::expected("resample.txt"))) {
    const auto fields = testing::numbers_of<std::string>(line);
    std::vector<int> n;
    for (size_t i = 0; i < 8; ++i) n.push_back(std::stoi(fields[i]));
    const Placement placement{{n[2], n[3], n[4], n[5]}, {n[6], n[7]}, {0, 0, n[6], n[7]}};
    EXPECT_EQ(testing::crc(resampled(testing::pattern(n[0], n[1]), placement)), fields[8]) << line;
  }
}

Interpolation interpolation_of(const std::string& name) {
  const auto& names = interpolation_names();
  return static_cast<Interpolation>(std::find(names.begin(), names.end(), name) - names.begin());
}

TEST(Resample, EveryFilterIsPillowsBitForBit) {
  for (const std::string& line : testing::lines_of(testing::expected("filters.txt"))) {
    const auto fields = testing::numbers_of<std::string>(line);
    std::vector<int> n;
    for (size_t i = 0; i < 8; ++i) n.push_back(std::stoi(fields[i]));
    const Placement placement{{n[2], n[3], n[4], n[5]}, {n[6], n[7]}, {0, 0, n[6], n[7]}};
    EXPECT_EQ(testing::crc(resampled(testing::pattern(n[0], n[1]), placement, {interpolation_of(fields[8])})), fields[9]) << line;
  }
}

TEST(Resample, WithoutAntialiasingItIsTorchsInterpolateWithinOneStep) {
  for (const char* sizes : {"61_47_24_17", "13_9_31_40", "40_30_40_11"}) {
    for (const char* name : {"bilinear", "bicubic"}) {
      const auto wanted = testing::bytes_of(testing::expected(concat("resize_", sizes, "_", name, ".rgb")));
      int n[4];
      ASSERT_EQ(std::sscanf(sizes, "%d_%d_%d_%d", &n[0], &n[1], &n[2], &n[3]), 4);
      const Placement placement{{0, 0, n[0], n[1]}, {n[2], n[3]}, {0, 0, n[2], n[3]}};
      RgbImage input = testing::pattern(n[0], n[1]);
      for (size_t i = 0; i < input.num_bytes(); ++i) input.data()[i] = static_cast<uint8_t>(input.data()[i] / 2 + 64);
      const RgbImage image = resampled(input, placement, {interpolation_of(name), false});
      ASSERT_EQ(image.num_bytes(), wanted.size());
      for (size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(image.data()[i], wanted[i], 1) << sizes << " " << name << " byte " << i;
    }
  }
}

TEST(Resample, APartIsEnoughAndAReductionIsAccountedFor) {
  const RgbImage input = testing::pattern(120, 90);
  Resampler resampler;
  for (const bool mirrored : {false, true}) {
    for (const Placement& placement : {Placement{{11, 7, 90, 61}, {24, 24}, {3, 5, 17, 12}, mirrored},
                                       Placement{{0, 0, 120, 90}, {30, 80}, {-3, 20, 40, 30}, mirrored},
                                       Placement{{30, 2, 20, 88}, {24, 24}, {0, 0, 24, 24}, mirrored}}) {
      const RgbImage wanted = resampled(input, placement);
      resampler.plan(placement);
      const ImageBox& needed = resampler.needed();
      RgbImage part(needed.width, needed.height);
      for (int y = 0; y < needed.height; ++y)
        std::copy_n(input.row(needed.top + y) + needed.left * 3, needed.width * 3, part.row(y));
      std::fill(part.data() + part.num_bytes(), part.data() + part.num_bytes() + RgbImage::kReadableTail, 255);
      resampler.begin(part, needed.left, needed.top);
      RgbImage output(placement.window.width, placement.window.height);
      for (int y = 0; y < output.height(); y += 5) resampler.rows(y, std::min(y + 5, output.height()), output.row(y));
      EXPECT_EQ(testing::crc(output), testing::crc(wanted));
    }
  }
  // A picture of one colour stays so at any reduction, up to its very edge.
  RgbImage grey(61, 46);
  std::fill_n(grey.data(), grey.num_bytes() + RgbImage::kReadableTail, uint8_t{77});
  resampler.plan({{0, 0, 121, 91}, {24, 24}, {0, 0, 24, 24}}, {}, 2);
  EXPECT_EQ(resampler.needed(), (ImageBox{0, 0, 61, 46}));
  resampler.begin(grey, 0, 0);
  RgbImage output(24, 24);
  resampler.rows(0, 24, output.data());
  for (size_t i = 0; i < output.num_bytes(); ++i) ASSERT_EQ(output.data()[i], 77);
}

TEST(Resample, ResizeAndCentreCropAreTorchvisionsBitForBit) {
  for (const std::string& line : testing::lines_of(testing::expected("evaluation.txt"))) {
    const auto fields = testing::numbers_of<std::string>(line);
    const ImageSize size{std::stoi(fields[0]), std::stoi(fields[1])};
    const Placement placement = place(EvalTransform{std::stoi(fields[2]), std::stoi(fields[3])}, size);
    EXPECT_EQ(testing::crc(resampled(testing::pattern(size.width, size.height), placement)), fields[4]) << line;
  }
}

TEST(Resample, AWindowIsTheSamePartOfTheWhole) {
  const RgbImage input = testing::pattern(90, 70);
  const ImageBox source{5, 9, 80, 55};
  const RgbImage whole = resampled(input, {source, {41, 37}, {0, 0, 41, 37}});
  const RgbImage part = resampled(input, {source, {41, 37}, {7, 11, 20, 13}});
  for (int y = 0; y < 13; ++y)
    EXPECT_TRUE(std::equal(part.row(y), part.row(y) + part.row_bytes(), whole.row(y + 11) + 7 * 3)) << "row " << y;
}

TEST(Resample, MirroringTurnsColumnsRound) {
  const RgbImage input = testing::pattern(30, 20);
  for (int side : {1, 8, 9}) {
    Placement placement{{0, 0, 30, 20}, {side, side}, {0, 0, side, side}};
    const RgbImage plain = resampled(input, placement);
    placement.mirrored = true;
    const RgbImage mirrored = resampled(input, placement);
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        for (int c = 0; c < 3; ++c) EXPECT_EQ(plain.row(y)[x * 3 + c], mirrored.row(y)[(side - 1 - x) * 3 + c]);
  }
}

TEST(Resample, BeyondThePictureIsBlack) {
  RgbImage input(4, 4);
  std::fill_n(input.data(), input.num_bytes(), uint8_t{200});
  const RgbImage output = resampled(input, {{0, 0, 4, 4}, {4, 4}, {-2, -1, 8, 6}});
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 8; ++x)
      EXPECT_EQ(output.row(y)[x * 3], x >= 2 && x < 6 && y >= 1 && y < 5 ? 200 : 0) << x << "," << y;
}

TEST(Resample, MemoryIsReusedForAnySize) {
  Resampler resampler;
  RgbImage output;
  const RgbImage large = testing::pattern(200, 150), small = testing::pattern(7, 5);
  const Placement shrink{{0, 0, 200, 150}, {32, 32}, {0, 0, 32, 32}}, enlarge{{0, 0, 7, 5}, {32, 32}, {0, 0, 32, 32}};
  resample(large, shrink, {}, resampler, output);
  resample(small, enlarge, {}, resampler, output);
  EXPECT_EQ(testing::crc(output), testing::crc(resampled(small, enlarge)));
  resample(large, shrink, {}, resampler, output);
  EXPECT_EQ(testing::crc(output), testing::crc(resampled(large, shrink)));
}

}  // namespace
}  // namespace skein
