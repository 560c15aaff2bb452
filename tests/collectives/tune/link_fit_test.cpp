// Lines through times that are known, disturbed and not.

#include "collectives/tune/link_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace skein {
namespace {

std::vector<Point> points_of(double intercept, double slope, const std::vector<double>& xs, int repeats = 1) {
  std::vector<Point> points;
  for (const double x : xs)
    for (int i = 0; i < repeats; ++i) points.push_back({x, intercept + slope * x});
  return points;
}

TEST(LineFit, FindsAnExactLine) {
  const Line line = fit_line(points_of(3e-5, 8e-9, {0, 64, 1024, 65536, 4e6}));
  EXPECT_NEAR(line.intercept, 3e-5, 1e-12);
  EXPECT_NEAR(line.slope, 8e-9, 1e-15);
}

TEST(LineFit, ShortTimesCountAsMuchAsLongOnes) {
  // 1 % on the longest time is more than the whole intercept.
  std::vector<Point> points = points_of(3e-5, 8e-9, {0, 64, 1024, 65536, 4e6});
  points.back().y *= 1.01;
  EXPECT_NEAR(fit_line(points).intercept, 3e-5, 1e-6);
}

TEST(LineFit, ADisturbedThirdOfThePointsCountsForNothing) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> noise(0.99, 1.01);
  std::vector<Point> points = points_of(3e-5, 8e-9, {0, 1024, 16384, 65536, 1e6}, 9);
  for (std::size_t i = 0; i < points.size(); ++i) points[i].y *= i % 3 == 2 ? 2 + static_cast<double>(i % 5) : noise(random);
  const Line line = fit_line(points);
  EXPECT_NEAR(line.intercept / 3e-5, 1, 0.02);
  EXPECT_NEAR(line.slope / 8e-9, 1, 0.02);
}

TEST(LineFit, OfOneXIsHorizontal) {
  const Line line = fit_line(points_of(1e-6, 0, {5, 5, 5}));
  EXPECT_NEAR(line.intercept, 1e-6, 1e-15);
  EXPECT_EQ(line.slope, 0);
}

TEST(LinkFit, TakesEachCostFromItsMeasurement) {
  const LinkCosts costs = fit_link({points_of(25e-6, 12e-9, {0, 64, 1024, 16384}),
                                    points_of(90e-6, 8.5e-9, {262144, 1048576, 4194304}),
                                    points_of(20e-6, 8e-6, {16, 32, 64})});
  EXPECT_NEAR(costs.alpha, 25e-6, 1e-10);
  EXPECT_NEAR(costs.beta, 8.5e-9, 1e-13);
  EXPECT_NEAR(costs.overhead, 4e-6, 1e-10);
}

TEST(LinkFit, StaysWithinWhatAProfileMayHold) {
  // Bytes for nothing, and more overhead than a message takes.
  const LinkCosts costs = fit_link({points_of(2e-6, 0, {0, 64}), points_of(1e-3, 0, {1000, 2000}),
                                    points_of(0, 10e-6, {16, 32})});
  EXPECT_GT(costs.beta, 0);
  EXPECT_LE(costs.overhead, costs.alpha / 2);
  EXPECT_NO_THROW(parse_link_profile(to_text({costs, costs, 0}), "f"));
}

}  // namespace
}  // namespace skein
