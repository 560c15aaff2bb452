#pragma once
// From times to the costs of a link: pure functions.

#include <span>
#include <vector>

#include "collectives/link_profile.h"

namespace skein {

/// y = intercept + slope * x.
struct Line {
  double intercept = 0;
  double slope = 0;
};
struct Point {
  double x = 0;
  double y = 0;
};

/// Least squares of the relative errors, so that short times count as much as long ones; points far off the line, as
/// other work on the machine makes them, are left out one round after the other. Horizontal when all x are alike. Needs
/// a point.
Line fit_line(std::span<const Point> points);

/// Middle value; 0 for none.
double median_of(std::vector<double> values);

/// Times of one pair of hosts, in seconds.
struct LinkSamples {
  std::vector<Point> one_way;  ///< half a round trip, by bytes
  std::vector<Point> bulk;     ///< both directions busy at once, by bytes in each
  std::vector<Point> burst;    ///< many messages of a few bytes both ways, by messages in each
};

/// alpha from where the line of one_way begins, beta from the slope of bulk, the overhead from that of burst, whose
/// messages each cost a rank one sending and one receiving.
LinkCosts fit_link(const LinkSamples& samples);

}  // namespace skein
