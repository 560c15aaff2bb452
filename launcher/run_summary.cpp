#include "launcher/run_summary.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"

namespace skein {
namespace {

using nlohmann::json;

double duration_of(const json& record) {
  const auto begin = parse_utc(record.value("created", ""));
  const auto end = parse_utc(record.value("ended", ""));
  return begin ? end.value_or(unix_seconds()) - *begin : 0;
}

std::string number_text(const json& value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value.get<double>());
  return text.data();
}

}  // namespace

json summarize_run(const RunEntry& entry) {
  json summary = {{"run_id", entry.id}, {"experiment", entry.experiment}, {"path", entry.path.string()}};
  try {
    const RunDirectory run(entry.path);
    const json record = run.record();
    const RunStatus status = run.status();
    summary["state"] = state_name(status.state);
    summary["reason"] = status.reason;
    summary["inferred"] = status.inferred;
    summary["created"] = record.value("created", "");
    summary["ended"] = record.contains("ended") ? record.at("ended") : json(nullptr);
    summary["duration_s"] = duration_of(record);
    summary["metrics"] = record.value("metrics", json::object());
  } catch (const std::exception& error) {
    const std::string message = error.what();
    summary.update({{"state", "Unknown"},
                    {"reason", message.substr(0, message.find('\n'))},
                    {"inferred", true},
                    {"created", ""},
                    {"ended", nullptr},
                    {"duration_s", nullptr},
                    {"metrics", json::object()}});
  }
  return summary;
}

std::string readable_time(const std::string& utc) {
  std::string text = utc.substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string metrics_text(const json& metrics, std::size_t num_shown) {
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics.items()) names.push_back(name);
  std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name.starts_with("val/"); });
  names.resize(std::min(names.size(), num_shown));
  std::string text;
  for (const std::string& name : names)
    text += concat(text.empty() ? "" : ", ", name, " ", number_text(metrics.at(name).at("last")));
  return text;
}

}  // namespace skein
