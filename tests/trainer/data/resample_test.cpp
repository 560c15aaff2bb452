#include "trainer/data/image/resample.h"
#include "trainer/data/placement.h"

#include "data_test_support.h"

namespace skein {
namespace {

RgbImage resampled(const RgbImage& input, const Placement& placement) {
  ResampleScratch scratch;
  RgbImage output;
  resample(input, placement, scratch, output);
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

TEST(Resample, ScratchIsReusedForAnySize) {
  ResampleScratch scratch;
  RgbImage output;
  const RgbImage large = testing::pattern(200, 150), small = testing::pattern(7, 5);
  const Placement shrink{{0, 0, 200, 150}, {32, 32}, {0, 0, 32, 32}}, enlarge{{0, 0, 7, 5}, {32, 32}, {0, 0, 32, 32}};
  resample(large, shrink, scratch, output);
  resample(small, enlarge, scratch, output);
  EXPECT_EQ(testing::crc(output), testing::crc(resampled(small, enlarge)));
  resample(large, shrink, scratch, output);
  EXPECT_EQ(testing::crc(output), testing::crc(resampled(large, shrink)));
}

}  // namespace
}  // namespace skein
