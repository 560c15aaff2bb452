#include "launcher/report/run_data.h"

#include <nlohmann/json.hpp>

#include "launcher/post_mortem_page.h"
#include "launcher/report/curve_data.h"
#include "launcher/report/evaluation_data.h"
#include "launcher/report/file_data.h"
#include "launcher/report/picture_data.h"
#include "launcher/report/problems.h"
#include "launcher/report/timing_data.h"
#include "launcher/run_summary.h"
#include "runtime/options/compare_options.h"
#include "runtime/process/shell_text.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "runtime/run/timing_log.h"
#include "runtime/trace/rank_ranges.h"

namespace skein {
namespace {

using nlohmann::json;

json object_of(const json& record, const char* name) {
  return record.contains(name) && record.at(name).is_object() ? record.at(name) : json::object();
}

json array_of(const json& record, const char* name) {
  return record.contains(name) && record.at(name).is_array() ? record.at(name) : json::array();
}

std::string command_text(const json& record) {
  std::vector<std::string> words;
  for (const json& word : array_of(record, "command")) words.push_back(word.is_string() ? word.get<std::string>() : word.dump());
  return shell_quoted(words);
}

json history_of(const json& record) {
  json history = array_of(record, "state_history");
  for (json& entry : history)
    if (const auto time = parse_utc(entry.value("time", ""))) entry["t"] = *time;
  return history;
}

json parameters_of(const json& record) {
  const json parameters = object_of(record, "parameters");
  const json changed = object_of(record, "changed_parameters");
  const bool knows_changes = record.contains("changed_parameters");
  json result = json::array();
  for (const auto& [key, value] : parameters.items()) {
    json row{{"key", key}, {"value", option_text(value)}};
    if (knows_changes) row["changed"] = changed.contains(key);
    if (const auto change = changed.find(key); change != changed.end() && change->is_object()) {
      row["default"] = option_text(change->value("default", json(nullptr)));
      row["origin"] = change->value("origin", "");
    }
    result.push_back(row);
  }
  return result;
}

/// Members as text; objects in it with a dot, hosts with their ranks.
void add_facts(json& facts, const std::string& group, const std::string& prefix, const json& members) {
  for (const auto& [key, value] : members.items()) {
    if (value.is_object())
      add_facts(facts, group, prefix + key + ".", value);
    else if (!value.is_array() || value.empty() || !value.front().is_object())
      facts.push_back({group, prefix + key, option_text(value)});
    else
      for (const json& item : value)
        facts.push_back({group, concat(prefix, key, " ", item.value("name", "")),
                         concat("ranks ", rank_ranges(item.value("ranks", std::vector<int>())))});
  }
}

json facts_of(const json& record) {
  json facts = json::array();
  for (const char* group : {"versions", "topology", "host", "seeds", "tags"}) add_facts(facts, group, "", object_of(record, group));
  return facts;
}

void add_metrics(json& data, const MetricTable& metrics, double start, std::size_t num_buckets) {
  data["curves"] = json::array();
  for (const auto& [name, series] : metrics)
    if (series.num_points() > 0) data["curves"].push_back(curve_json(name, series, start, num_buckets));
  data["epochs"] = epochs_json(metrics);
}

void add_timing(json& data, const RunDirectory& run, Problems& problems) {
  data["timing"] = nullptr;
  attempt(problems, [&] {
    const std::filesystem::path file = run.path() / "timing.jsonl";
    const TimingLogContents timings = read_timing_log(file);
    if (timings.num_bad_lines > 0)
      problems.push_back(concat(file.string(), ": ", timings.num_bad_lines, " lines are no timing"));
    data["timing"] = timing_json(timings.epochs);
  });
}

void add_post_mortem(json& data, const RunDirectory& run, Problems& problems) {
  data["post_mortem"] = nullptr;
  if (!std::filesystem::exists(run.path() / "post-mortem")) return;
  attempt(problems, [&] {
    const JobReport job = read_post_mortems(run.path());
    data["post_mortem"] = post_mortem_json(job, first_divergence(job));
  });
}

}  // namespace

LoadedMetrics load_metrics(const RunDirectory& run) {
  LoadedMetrics metrics;
  attempt(metrics.problems, [&] { metrics.contents = run.metrics(); });
  if (metrics.contents.num_bad_lines > 0)
    metrics.problems.push_back(
        concat((run.path() / "metrics.jsonl").string(), ": ", metrics.contents.num_bad_lines, " lines are no metric"));
  return metrics;
}

json run_json(const RunDirectory& run, const LoadedMetrics& metrics, const RunShare& share) {
  const json record = run.record();
  Problems problems = metrics.problems;
  json data = summarize_run({run.experiment(), run.id(), run.path()});
  data["attempts"] = record.value("attempts", 1);
  data["command"] = command_text(record);
  data["host"] = object_of(record, "host").value("name", "");
  data["world_size"] = object_of(record, "topology").value("world_size", json(nullptr));
  data["tags"] = object_of(record, "tags");
  data["notes"] = array_of(record, "notes");
  data["history"] = history_of(record);
  data["parameters"] = parameters_of(record);
  data["facts"] = facts_of(record);
  add_metrics(data, metrics.contents.metrics, parse_utc(record.value("created", "")).value_or(0), share.num_buckets);
  add_timing(data, run, problems);
  data["evaluation"] = evaluation_json(run.path() / "outputs", problems);
  data["pictures"] = pictures_json(run.path() / "outputs", share.picture_bytes, problems);
  add_post_mortem(data, run, problems);
  data["logs"] = logs_json(run.path(), problems);
  data["files"] = files_json(run.path(), problems);
  data["problems"] = problems;
  return data;
}

}  // namespace skein
