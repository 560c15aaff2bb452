#include "launcher/report/curve_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

namespace skein {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBuckets = 60000;  // of a page: some 45 bytes each
constexpr std::size_t kMaxEpochs = 2000;

/// Positions of the points in the order of their steps.
std::vector<std::size_t> ordered_points(const MetricSeries& series) {
  std::vector<std::size_t> order(series.num_points());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return series.steps[a] < series.steps[b]; });
  return order;
}

struct Extremes {
  std::size_t num_finite = 0;
  double sum = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  std::int64_t low_step = 0;
  std::int64_t high_step = 0;
  double last = 0;

  void add(double value, std::int64_t step) {
    if (!std::isfinite(value)) return;
    ++num_finite;
    sum += value;
    last = value;
    if (value < low) low = value, low_step = step;
    if (value > high) high = value, high_step = step;
  }
};

void add_point(json& curve, const MetricSeries& series, std::size_t point, double start) {
  curve["steps"].push_back(series.steps[point]);
  curve["times"].push_back(short_number(std::round((series.times[point] - start) * 10) / 10, 9));
}

void add_bucket(json& curve, const Extremes& bucket) {
  const bool any = bucket.num_finite > 0;
  curve["values"].push_back(any ? short_number(bucket.sum / static_cast<double>(bucket.num_finite)) : json(nullptr));
  curve["low"].push_back(any ? short_number(bucket.low) : json(nullptr));
  curve["high"].push_back(any ? short_number(bucket.high) : json(nullptr));
}

void add_thinned(json& curve, const MetricSeries& series, const std::vector<std::size_t>& order, double start,
                 std::size_t num_buckets) {
  for (std::size_t bucket = 0; bucket < num_buckets; ++bucket) {
    const std::size_t end = order.size() * (bucket + 1) / num_buckets;
    Extremes values;
    for (std::size_t i = order.size() * bucket / num_buckets; i < end; ++i)
      values.add(series.values[order[i]], series.steps[order[i]]);
    add_point(curve, series, order[end - 1], start);
    add_bucket(curve, values);
  }
}

json statistics_of(const MetricSeries& series, const std::vector<std::size_t>& order) {
  Extremes all;
  for (const std::size_t point : order) all.add(series.values[point], series.steps[point]);
  json statistics{{"num_nonfinite", order.size() - all.num_finite}};
  if (all.num_finite == 0) return statistics;
  statistics.update({{"last", short_number(all.last)},
                     {"min", short_number(all.low)},
                     {"max", short_number(all.high)},
                     {"min_step", all.low_step},
                     {"max_step", all.high_step}});
  return statistics;
}

}  // namespace

std::size_t buckets_per_series(std::size_t num_series) {
  return std::clamp<std::size_t>(kMaxBuckets / std::max<std::size_t>(num_series, 1), 40, 1000);
}

json curve_json(const std::string& name, const MetricSeries& series, double start, std::size_t num_buckets) {
  const std::vector<std::size_t> order = ordered_points(series);
  json curve = statistics_of(series, order);
  curve.update({{"name", name},
                {"unit", series.description.unit},
                {"goal", series.description.goal},
                {"count", order.size()},
                {"steps", json::array()},
                {"times", json::array()},
                {"values", json::array()}});
  if (order.size() > 2 * num_buckets) {
    add_thinned(curve, series, order, start, num_buckets);
    return curve;
  }
  for (const std::size_t point : order) {
    add_point(curve, series, point, start);
    curve["values"].push_back(short_number(series.values[point]));
  }
  return curve;
}

json epochs_json(const MetricTable& metrics) {
  std::map<std::int32_t, std::int64_t> last_steps;
  for (const auto& [name, series] : metrics)
    for (std::size_t i = 0; i < series.num_points(); ++i) {
      const auto entry = last_steps.try_emplace(series.epochs[i], series.steps[i]).first;
      entry->second = std::max(entry->second, series.steps[i]);
    }
  json epochs = json::array();
  const std::size_t stride = last_steps.size() / kMaxEpochs + 1;
  std::size_t number = 0;
  std::int64_t before = 0;
  for (const auto& [epoch, step] : last_steps) {
    const bool is_kept = number++ % stride == 0 || number == last_steps.size();
    if (!is_kept || step <= before) continue;
    epochs.push_back({epoch, step});
    before = step;
  }
  return epochs;
}

json short_number(double value, int digits) {
  if (!std::isfinite(value)) return nullptr;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  const double rounded = std::strtod(text.data(), nullptr);
  const bool is_whole = rounded == std::floor(rounded) && std::abs(rounded) < 1e15;
  return is_whole ? json(static_cast<std::int64_t>(rounded)) : json(rounded);
}

}  // namespace skein
