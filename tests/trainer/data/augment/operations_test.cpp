// Every operation beside torchvision's on Pillow images, bit for bit; expected/ and make_expected.py say which.

#include <hwy/highway.h>

#include <array>
#include <functional>

#include "augment_test_support.h"
#include "trainer/data/augment/color_ops.h"

namespace skein {
namespace {

using testing::expected;
using testing::lines_of;
using testing::pattern;

RgbImage painted(int width, int height, const std::function<uint8_t(int x, int y, int channel)>& value) {
  RgbImage image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width * 3; ++x) image.row(y)[x] = value(x / 3, y, x % 3);
  return image;
}

/// Those of make_expected.py, in its order.
std::vector<RgbImage> pictures() {
  std::vector<RgbImage> all;
  for (const auto& [width, height] : std::vector<std::array<int, 2>>{
           {1, 1}, {1, 7}, {7, 1}, {2, 2}, {3, 3}, {4, 3}, {17, 17}, {33, 21}, {64, 64}, {301, 5}, {5, 301}, {224, 224}})
    all.push_back(pattern(width, height));
  const RgbImage lively = pattern(40, 30);
  const std::array<uint8_t, 3> base{100, 7, 190}, plain{7, 255, 0}, light{200, 1, 255}, dark{3, 0, 254};
  all.push_back(painted(40, 30, [&](int x, int y, int) { return lively.row(y)[3 * x]; }));
  all.push_back(painted(40, 30, [&](int x, int y, int c) { return static_cast<uint8_t>(lively.row(y)[3 * x + c] / 5 + base[c]); }));
  all.push_back(painted(40, 30, [&](int, int, int c) { return plain[c]; }));
  all.push_back(painted(40, 30, [&](int x, int y, int c) { return lively.row(y)[3 * x + c] > 99 ? light[c] : dark[c]; }));
  return all;
}

Interpolation interpolation_of(const std::string& name) {
  return name == "nearest" ? Interpolation::kNearest : name == "bilinear" ? Interpolation::kBilinear : Interpolation::kBicubic;
}

std::string crc_of_all(const std::vector<RgbImage>& images, const std::vector<std::string>& how) {
  GeometryOptions geometry{interpolation_of(how[2]), {}};
  for (int channel = 0; channel < 3; ++channel) geometry.fill[channel] = static_cast<uint8_t>(std::stoi(how[3 + channel]));
  RgbImage spare;
  uLong sum = 0;
  for (RgbImage image : images) {
    const ImageSize before = image.dimensions();
    apply_op({testing::op_of(how[0]), testing::number(how[1])}, geometry, spare, image);
    EXPECT_EQ(image.dimensions(), before);
    sum = crc32(sum, image.data(), static_cast<uInt>(image.num_bytes()));
  }
  char text[9];
  std::snprintf(text, sizeof(text), "%08lx", sum);
  return text;
}

void expect_all(const std::string& file, const std::vector<RgbImage>& images) {
  int num_cases = 0;
  for (const std::string& line : lines_of(expected(file))) {
    const auto fields = testing::numbers_of<std::string>(line);
    ASSERT_EQ(fields.size(), 7u) << line;
    EXPECT_EQ(crc_of_all(images, fields), fields[6]) << line;
    ++num_cases;
  }
  EXPECT_GT(num_cases, 4);
}


class Operations : public ::testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override { choose(GetParam()); }
  void TearDown() override { choose(0); }  // back to the best

 private:
  static void choose(int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

INSTANTIATE_TEST_SUITE_P(All, Operations, ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& target) { return std::string(hwy::TargetName(target.param)); });

TEST_P(Operations, AreTorchvisionsOnPillowBitForBit) {
  expect_all("operations.txt", pictures());
}

TEST_P(Operations, BeyondFixedPointToo) {
  expect_all("wide.txt", {pattern(40000, 3)});
}

TEST_P(Operations, OfEveryColour) {
  std::vector<RgbImage> every(1);
  every[0].reshape({4096, 4096});
  for (uint32_t color = 0; color < (1u << 24); ++color)
    for (int channel = 0; channel < 3; ++channel)
      every[0].data()[3 * static_cast<size_t>(color) + channel] = static_cast<uint8_t>(color >> (16 - 8 * channel));
  expect_all("colors.txt", every);
}

TEST(Operation, NoBitsAreBlack) {
  RgbImage image = pattern(5, 5);
  posterize(image, 0);
  EXPECT_EQ(std::count(image.data(), image.data() + image.num_bytes(), 0), 75);
}

TEST(Operation, TakeAnEmptyPicture) {
  for (int i = 0; i < kNumAugmentOps; ++i) {
    RgbImage image(0, 0), spare;
    apply_op({static_cast<AugmentOp>(i), 1}, {}, spare, image);
    EXPECT_EQ(image.num_bytes(), 0u);
  }
}

TEST(Mixture, AddsUpAsTorchDoes) {
  using enum AugmentOp;
  AugmentPlan plan;
  plan.mixture.ops = {{kRotate, 6.6}, {kEqualize, 0}, {kShearX, -0.066}, {kSolarize, 198.3}, {kColor, 0.2}, {kPosterize, 3}};
  plan.mixture.chain_ends = {2, 5, 6};
  AugmentScratch scratch;
  for (const std::string& line : lines_of(expected("mixture.txt"))) {
    const auto fields = testing::numbers_of<std::string>(line);
    ASSERT_EQ(fields.size(), 5u);
    plan.mixture.original_weight = static_cast<float>(testing::number(fields[0]));
    plan.mixture.chain_weights.clear();
    for (int i = 1; i < 4; ++i) plan.mixture.chain_weights.push_back(static_cast<float>(testing::number(fields[i])));
    RgbImage image = pattern(33, 21);
    apply_plan(plan, {}, scratch, image);
    EXPECT_EQ(testing::crc(image), fields[4]) << line;
  }
}

}  // namespace
}  // namespace skein
