#include "runtime/run/metric_log.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/run/json_lines.h"

namespace skein {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json number_to_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

std::optional<double> json_to_number(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

/// False when the line is no metric.
bool read_line(const json& line, MetricTable& metrics) {
  const auto name = line.find("metric");
  if (name == line.end() || !name->is_string()) return false;
  MetricSeries& series = metrics[name->get<std::string>()];
  try {
    if (!line.contains("value")) {
      series.description = {line.value("unit", ""), line.value("goal", "")};
      return true;
    }
    const auto value = json_to_number(line.at("value"));
    if (value) series.add({*value, line.at("step"), line.at("epoch"), line.at("time")});
    return value.has_value();
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

std::string point_line(const std::string& name, const MetricPoint& point) {
  ordered_json line;
  line["metric"] = name;
  line["value"] = number_to_json(point.value);
  line["step"] = point.step;
  line["epoch"] = point.epoch;
  line["time"] = std::round(point.time * 1000) / 1000;
  return line.dump();
}

std::string description_line(const std::string& name, const MetricDescription& description) {
  ordered_json line;
  line["metric"] = name;
  line["unit"] = description.unit;
  line["goal"] = description.goal;
  return line.dump();
}

void MetricLog::append(const std::string& name, const MetricPoint& point) {
  file_.append(point_line(name, point));
}

void MetricLog::describe(const std::string& name, const MetricDescription& description) {
  file_.append(description_line(name, description));
}

MetricLogContents read_metric_log(const std::filesystem::path& file) {
  MetricLogContents contents;
  std::size_t num_other = 0;
  contents.num_bad_lines = read_json_lines(file, [&](const json& line) {
    if (!read_line(line, contents.metrics)) ++num_other;
  });
  contents.num_bad_lines += num_other;
  return contents;
}

}  // namespace skein
