#include "trainer/data/augment/random_erasing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "trainer/data/augment/augmentation.h"

namespace skein {
namespace {

constexpr ImageSize kImage{60, 50};

CounterRandom stream(uint64_t index) {
  return {5, 1, index, RandomPurpose::kRandomErasing};
}

TEST(RandomErasing, DrawsBoxesOfItsRangeAtItsRate) {
  const RandomErasingOptions options{.probability = 0.3};
  constexpr int kCount = 20000;
  int num_erased = 0;
  double share = 0, log_ratio = 0, room_above = 0;
  for (int i = 0; i < kCount; ++i) {
    CounterRandom random = stream(static_cast<uint64_t>(i));
    const auto box = draw_erased_box(options, kImage, random);
    if (!box) continue;
    ++num_erased;
    EXPECT_GE(box->left, 0);
    EXPECT_GE(box->top, 0);
    EXPECT_LE(box->left + box->width, kImage.width);
    EXPECT_LE(box->top + box->height, kImage.height);
    EXPECT_LT(box->width, kImage.width);
    EXPECT_LT(box->height, kImage.height);
    const double area = static_cast<double>(box->width) * box->height / (60.0 * 50.0);
    EXPECT_GT(area, 0.015);  // sides are rounded
    EXPECT_LT(area, 0.345);
    share += area, log_ratio += std::log(static_cast<double>(box->height) / box->width);
    room_above += static_cast<double>(box->top) / (kImage.height - box->height);
  }
  EXPECT_NEAR(num_erased, 0.3 * kCount, 4 * std::sqrt(0.3 * 0.7 * kCount));
  EXPECT_NEAR(share / num_erased, 0.175, 0.012);
  EXPECT_NEAR(log_ratio / num_erased, 0, 0.04);
  EXPECT_NEAR(room_above / num_erased, 0.5, 0.02);
}

std::vector<float> erased(const RandomErasingOptions& options, const ImageBox& box) {
  std::vector<float> image(static_cast<size_t>(kImage.width) * kImage.height * 3, 9.0f);
  CounterRandom random = stream(0);
  erase_box(options, box, random, image.data(), kImage);
  return image;
}

TEST(RandomErasing, FillsTheBoxAndNothingElse) {
  const ImageBox box{7, 4, 13, 21};
  const std::vector<float> image = erased({.value = {1, 2, 3}}, box);
  for (int y = 0; y < kImage.height; ++y)
    for (int x = 0; x < kImage.width; ++x)
      for (int channel = 0; channel < 3; ++channel) {
        const bool inside = x >= 7 && x < 20 && y >= 4 && y < 25;
        EXPECT_EQ(image[static_cast<size_t>((y * kImage.width + x) * 3 + channel)], inside ? channel + 1.0f : 9.0f);
      }
}

TEST(RandomErasing, LeavesAPixelAlone) {
  const Augmentation augmentation({.random_erasing = {.probability = 1}});
  for (uint64_t index = 0; index < 100; ++index) {
    std::vector<float> pixel{4, 5, 6};
    augmentation.erase(pixel.data(), {1, 1}, {0, 0, index});
    EXPECT_EQ(pixel, (std::vector<float>{4, 5, 6}));
  }
}

TEST(RandomErasing, RandomValuesAreNormal) {
  const ImageBox box{1, 1, 58, 48};
  const std::vector<float> image = erased({.random_values = true}, box);
  double sum = 0, squares = 0;
  int count = 0;
  for (const float value : image)
    if (value != 9.0f) ++count, sum += value, squares += value * value;
  EXPECT_EQ(count, 58 * 48 * 3);
  EXPECT_NEAR(sum / count, 0, 0.05);
  EXPECT_NEAR(squares / count, 1, 0.05);
}

TEST(RandomErasing, IsAFunctionOfTheKey) {
  const Augmentation augmentation({.random_erasing = {.probability = 1, .random_values = true}});
  const auto image = [&](const ImageKey& key) {
    std::vector<float> floats(static_cast<size_t>(kImage.width) * kImage.height * 3);
    augmentation.erase(floats.data(), kImage, key);
    return floats;
  };
  EXPECT_EQ(image({1, 2, 3}), image({1, 2, 3}));
  EXPECT_NE(image({1, 2, 3}), image({1, 2, 4}));
  EXPECT_NE(image({1, 2, 3}), image({1, 3, 3}));
  EXPECT_NE(image({1, 2, 3}), image({2, 2, 3}));
}

}  // namespace
}  // namespace skein
