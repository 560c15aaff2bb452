#include "collectives/tune/link_fit.h"

#include <algorithm>
#include <cmath>

namespace skein {
namespace {

constexpr double kShortest = 1e-9;  // seconds: no clock tells less apart

double weight_of(const Point& point) {
  return 1 / std::pow(std::max(point.y, kShortest), 2);
}

Line least_squares(const std::vector<Point>& points) {
  double w = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const Point& point : points) {
    const double weight = weight_of(point);
    w += weight;
    x += weight * point.x;
    y += weight * point.y;
    xx += weight * point.x * point.x;
    xy += weight * point.x * point.y;
  }
  const double spread = w * xx - x * x;
  if (spread <= 1e-12 * w * xx) return {y / w, 0};
  const double slope = (w * xy - x * y) / spread;
  return {(y - slope * x) / w, slope};
}

double relative_error(const Line& line, const Point& point) {
  return std::abs(point.y - line.intercept - line.slope * point.x) / std::max(point.y, kShortest);
}

}  // namespace

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Line fit_line(std::span<const Point> points) {
  constexpr int kMostRounds = 10;
  constexpr double kSigmas = 3;
  constexpr double kSigmaOfMedian = 1.4826;  // standard deviation by median deviation, of a normal distribution
  constexpr double kExact = 1e-6;            // below this no point is an outlier
  // The first line must not follow the outliers: it goes through the middle of each x.
  std::vector<Point> kept(points.begin(), points.end());
  std::vector<Point> middles;
  for (const Point& point : points) {
    std::vector<double> at_x;
    for (const Point& other : points)
      if (other.x == point.x) at_x.push_back(other.y);
    middles.push_back({point.x, median_of(at_x)});
  }
  Line line = least_squares(middles);
  for (int round = 0; round < kMostRounds; ++round) {
    std::vector<double> errors;
    for (const Point& point : points) errors.push_back(relative_error(line, point));
    const double limit = std::max(kExact, kSigmas * kSigmaOfMedian * median_of(errors));
    std::vector<Point> inside;
    for (const Point& point : points)
      if (relative_error(line, point) <= limit) inside.push_back(point);
    if (inside.size() == kept.size() && round > 0) break;
    kept = inside;
    line = least_squares(kept);
  }
  return line;
}

LinkCosts fit_link(const LinkSamples& samples) {
  constexpr double kLeastBeta = 1e-13;
  const Line one_way = fit_line(samples.one_way);
  LinkCosts costs;
  costs.alpha = std::max(one_way.intercept, kShortest);
  costs.beta = std::max(fit_line(samples.bulk).slope, kLeastBeta);
  costs.overhead = std::clamp(fit_line(samples.burst).slope / 2, 0.0, costs.alpha / 2);
  return costs;
}

}  // namespace skein
