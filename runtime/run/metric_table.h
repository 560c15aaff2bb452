#pragma once
// Metrics in memory: for each name ("val/accuracy") a series of values with their step, epoch and time.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace skein {

/// One value of one metric.
struct MetricPoint {
  double value = 0;       ///< may be NaN or infinite
  std::int64_t step = 0;  ///< optimizer steps done so far
  int epoch = 0;
  double time = 0;  ///< seconds since 1970 UTC
};

/// What a metric means, for plots and comparisons; both may be empty.
struct MetricDescription {
  std::string unit;  ///< "%", "images/s"
  std::string goal;  ///< "maximize" or "minimize"
};

/// Columns of equal length, in the order in which the points were logged.
struct MetricSeries {
  std::vector<double> values;
  std::vector<std::int64_t> steps;
  std::vector<std::int32_t> epochs;
  std::vector<double> times;
  MetricDescription description;

  void add(const MetricPoint& point);
  std::size_t num_points() const { return values.size(); }
};

/// What metrics.h5 calls the ranks' times (timing_log.h).
inline constexpr const char* kTimingGroup = "timing";

using MetricTable = std::map<std::string, MetricSeries>;

/// Metric names are paths of letters, digits and `_ - . @ %` and spaces, with slashes between the parts.
/// Throws UsageError for others, for the name of the group that holds the ranks' times, and for a name that would collide in metrics.h5 with a column of another
/// metric of `table`
/// ("loss" and "loss/value").
void check_metric_name(const MetricTable& table, const std::string& name);

}  // namespace skein
