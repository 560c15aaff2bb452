#include "runtime/run/metric_table.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/count_matrix.h"

namespace skein {
namespace {

constexpr std::array<std::string_view, 4> kColumns = {"value", "step", "epoch", "time"};

bool is_metric_character(unsigned char c) {
  return std::isalnum(c) != 0 || std::string_view("_-.@% /").find(static_cast<char>(c)) != std::string_view::npos;
}

bool has_bad_part(const std::string& name) {
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return true;
    begin = end + 1;
  }
  return false;
}

/// The metric that `name` would be a column of, if its last part is a column's name.
std::string owner_of_column(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return "";
  const std::string_view last = std::string_view(name).substr(slash + 1);
  return std::find(kColumns.begin(), kColumns.end(), last) == kColumns.end() ? "" : name.substr(0, slash);
}

void refuse_collision(const std::string& metric, const std::string& column) {
  throw UsageError(concat("the metrics '", metric, "' and '", column, "' cannot live in one metrics.h5"),
                   "call one of them otherwise: value, step, epoch and time are columns of each metric");
}

}  // namespace

void MetricSeries::add(const MetricPoint& point) {
  values.push_back(point.value);
  steps.push_back(point.step);
  epochs.push_back(point.epoch);
  times.push_back(point.time);
}

void check_metric_name(const MetricTable& table, const std::string& name) {
  if (has_bad_part(name) || !std::all_of(name.begin(), name.end(), is_metric_character))
    throw UsageError(concat("'", name, "' cannot name a metric"),
                     "use letters, digits and _ - . @ % with slashes between the parts, as in val/accuracy");
  if ((name + "/").starts_with(concat(kConfusionMatrix, "/")))
    throw UsageError(concat("the metric '", name, "' cannot live in one metrics.h5 with the confusion matrix"), "give it another name");
  if (name.substr(0, name.find('/')) == kTimingGroup)
    throw UsageError(concat("the metric '", name, "' cannot live in one metrics.h5 with the ranks' times"),
                     concat("let its first part be something else than '", kTimingGroup, "'"));
  const std::string owner = owner_of_column(name);
  if (!owner.empty() && table.contains(owner)) refuse_collision(owner, name);
  for (const std::string_view column : kColumns)
    if (const std::string child = concat(name, "/", column); table.contains(child)) refuse_collision(name, child);
}

}  // namespace skein
