#pragma once
// A run's metrics as the page draws them. Long series are thinned: of each bucket of neighbouring values their mean, least
// and greatest stay, so that no outlier gets lost.

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "runtime/run/metric_table.h"

namespace skein {

/// How many buckets each of `num_series` series may have, for a page of bearable length.
std::size_t buckets_per_series(std::size_t num_series);

/// Keys: name, unit, goal, count (of values logged), steps, times (seconds since `start`), values (null where not finite);
/// in a thinned series values are means and low and high come with them; last, min, max, min_step, max_step (of finite
/// values, null where there are none) and num_nonfinite. Points are in the order of their steps. At most
/// 2 * `num_buckets` values.
nlohmann::json curve_json(const std::string& name, const MetricSeries& series, double start, std::size_t num_buckets);

/// [[epoch, last step], ...] of all metrics together, rising in both.
nlohmann::json epochs_json(const MetricTable& metrics);

/// A number with `digits` significant ones, so that its text is short; null where it is not finite.
nlohmann::json short_number(double value, int digits = 6);

}  // namespace skein
