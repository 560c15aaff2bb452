#include "trainer/data/placement.h"

#include <cmath>
#include <set>

#include "data_test_support.h"
#include "runtime/process/error.h"

namespace skein {
namespace {

using testing::contains;
using testing::message_of;

TEST(TrainPlacement, BoxesHaveTheAskedAreaAndRatio) {
  const TrainTransform transform{.crop_size = 64};
  const ImageSize image{500, 375};
  double smallest = 1, largest = 0, flat = 10, wide = 0;
  int num_mirrored = 0;
  for (uint64_t index = 0; index < 2000; ++index) {
    const Placement p = place(transform, image, {1, 2, index});
    ASSERT_TRUE(p.source.left >= 0 && p.source.top >= 0 && p.source.left + p.source.width <= image.width &&
                p.source.top + p.source.height <= image.height);
    EXPECT_EQ(p.scaled, (ImageSize{64, 64}));
    EXPECT_EQ(p.window, (ImageBox{0, 0, 64, 64}));
    const double area = static_cast<double>(p.source.width) * p.source.height / (image.width * image.height);
    const double ratio = static_cast<double>(p.source.width) / p.source.height;
    smallest = std::min(smallest, area), largest = std::max(largest, area);
    flat = std::min(flat, ratio), wide = std::max(wide, ratio);
    num_mirrored += p.mirrored;
  }
  EXPECT_NEAR(smallest, 0.08, 0.01);
  EXPECT_GT(largest, 0.95);
  EXPECT_NEAR(flat, 0.75, 0.01);
  EXPECT_NEAR(wide, 4.0 / 3.0, 0.02);
  EXPECT_NEAR(num_mirrored, 1000, 100);
}

TEST(TrainPlacement, DependsOnSeedEpochAndIndexOnly) {
  const TrainTransform transform;
  const ImageSize image{300, 200};
  const Placement one = place(transform, image, {1, 1, 1});
  EXPECT_EQ(one, place(transform, image, {1, 1, 1}));
  EXPECT_NE(one, place(transform, image, {2, 1, 1}));
  EXPECT_NE(one, place(transform, image, {1, 2, 1}));
  EXPECT_NE(one, place(transform, image, {1, 1, 2}));
}

// A changed crop would silently change every run: this one, from a separate implementation of the scheme,
// stays.
TEST(TrainPlacement, IsFrozen) {
  const Placement p = place(TrainTransform{}, {500, 375}, {7, 3, 11});
  EXPECT_EQ(::testing::PrintToString(std::vector{p.source.left, p.source.top, p.source.width, p.source.height,
                                                 static_cast<int>(p.mirrored)}),
            "{ 219, 6, 255, 297, 1 }");
}

TEST(TrainPlacement, WithoutAFittingBoxTheCentreIsTaken) {
  for (const std::string& line : testing::lines_of(testing::expected("fallback.txt"))) {
    const auto n = testing::numbers_of<int>(line);
    const Placement p = place(TrainTransform{}, {n[0], n[1]}, {1, 1, 1});
    EXPECT_EQ(p.source, (ImageBox{n[2], n[3], n[4], n[5]})) << line;
  }
}

TEST(TrainPlacement, FlipProbabilityOfNoneAndAll) {
  TrainTransform transform;
  for (double probability : {0.0, 1.0}) {
    transform.flip_probability = probability;
    for (uint64_t index = 0; index < 50; ++index)
      EXPECT_EQ(place(transform, {50, 50}, {1, 1, index}).mirrored, probability == 1.0);
  }
}

TEST(EvalPlacement, AVeryLongPictureStaysWithinInt) {
  const Placement p = place(EvalTransform{}, {1, 100'000'000});
  EXPECT_EQ(p.scaled.width, 256);
  EXPECT_GT(p.scaled.height, 0);
  EXPECT_GT(p.window.top, 0);
}

TEST(Transforms, RefuseWhatMakesNoSense) {
  const auto train = [](auto change) {
    TrainTransform transform;
    change(transform);
    return message_of<UsageError>([&] { check(transform); });
  };
  EXPECT_TRUE(contains(train([](auto& t) { t.crop_size = 0; }), "training crop is 0"));
  EXPECT_TRUE(contains(train([](auto& t) { t.min_scale = 2; }), "scale range 2 to 1"));
  EXPECT_TRUE(contains(train([](auto& t) { t.min_ratio = -1; }), "ratio range -1"));
  EXPECT_TRUE(contains(train([](auto& t) { t.flip_probability = 1.5; }), "flip probability is 1.5"));
  EXPECT_TRUE(contains(message_of<UsageError>([] { check(EvalTransform{0, 10}); }), "validation size is 0"));
  EXPECT_TRUE(contains(message_of<UsageError>([] { check(EvalTransform{10, -1}); }), "validation crop is -1"));
}

}  // namespace
}  // namespace skein
