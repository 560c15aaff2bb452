// skein runs show: what is known about one run.

#include <iostream>
#include <nlohmann/json.hpp>

#include "launcher/commands/commands.h"
#include "launcher/named_run.h"
#include "launcher/run_summary.h"
#include "launcher/text_table.h"
#include "runtime/options/compare_options.h"
#include "runtime/options/option_table.h"
#include "runtime/process/shell_text.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

/// A title and its rows, or nothing when there are none.
std::string section(const std::string& title, Rows rows) {
  if (rows.empty()) return "";
  for (auto& row : rows) row.front() = "  " + row.front();
  return "\n" + title + "\n" + text_table(rows);
}

/// One row for each member of an object; its members may be of any kind.
Rows members_of(const json& record, const char* name) {
  Rows rows;
  if (!record.contains(name) || !record.at(name).is_object()) return rows;
  for (const auto& [key, value] : record.at(name).items()) rows.push_back({key, option_text(value)});
  return rows;
}

Rows history_of(const json& record) {
  Rows rows;
  for (const json& entry : record.value("state_history", json::array()))
    rows.push_back({readable_time(entry.value("time", "")), entry.value("state", ""), entry.value("reason", "")});
  return rows;
}

Rows notes_of(const json& record) {
  Rows rows;
  for (const json& note : record.value("notes", json::array()))
    rows.push_back({readable_time(note.value("time", "")), note.value("text", "")});
  return rows;
}

Rows metrics_of(const RunDirectory& run) {
  Rows rows;
  for (const auto& [name, series] : run.metrics().metrics) {
    if (series.num_points() == 0) continue;
    rows.push_back({name,
                    concat(series.values.back(), series.description.unit.empty() ? "" : " ", series.description.unit),
                    concat("at step ", series.steps.back(), ", epoch ", series.epochs.back() + 1, "; ", series.num_points(),
                           " values")});
  }
  return rows;
}

Rows outputs_of(const RunDirectory& run) {
  Rows rows;
  for (const auto& file : run.output_files()) {
    std::error_code gone;  // a run that is being written replaces its checkpoints
    const auto num_bytes = std::filesystem::file_size(run.path() / "outputs" / file, gone);
    if (!gone) rows.push_back({file.string(), bytes_text(static_cast<double>(num_bytes))});
  }
  return rows;
}

std::string command_text(const json& record) {
  return shell_quoted(record.value("command", std::vector<std::string>()));
}

std::string page(const RunDirectory& run, const json& summary, const json& record) {
  Rows head = {{"Run", summary.at("run_id")},
               {"Experiment", summary.at("experiment")},
               {"State", summary.at("state")},
               {"Created", readable_time(summary.at("created")) + " UTC"},
               {"Duration", duration_text(summary.at("duration_s"))},
               {"Directory", summary.at("path")}};
  if (!summary.at("reason").get<std::string>().empty()) head.insert(head.begin() + 3, {"Reason", summary.at("reason")});
  if (const std::string command = command_text(record); !command.empty()) head.push_back({"Command", command});
  return text_table(head) + section("States", history_of(record)) + section("Metrics, last values", metrics_of(run)) +
         section("Parameters", members_of(record, "parameters")) + section("Tags", members_of(record, "tags")) +
         section("Notes", notes_of(record)) + section("Topology", members_of(record, "topology")) +
         section("Seeds", members_of(record, "seeds")) + section("Host", members_of(record, "host")) +
         section("Versions", members_of(record, "versions")) + section("Outputs", outputs_of(run));
}

json page_json(const RunDirectory& run, const json& summary, json record) {
  record["recorded_state"] = record.value("state", "");
  for (const char* key : {"state", "reason", "inferred", "path", "duration_s"}) record[key] = summary.at(key);
  record["output_files"] = json::array();
  for (const auto& file : run.output_files()) record["output_files"].push_back(file.string());
  return record;
}

}  // namespace

int runs_show_command(const CommandContext& context, const std::vector<std::string>& words) {
  std::filesystem::path runs_dir = "runs";
  std::string id, experiment;
  bool as_json = false;
  OptionTable table("skein runs show", "Prints what is known about one run.", context.version);
  table.argument("ID", id, "the run's id, as much of its beginning or end as tells it from others, or its directory");
  table.add("--runs-dir", runs_dir, "directory that holds the runs").unit("DIR");
  table.add("--experiment", experiment, "look only among the runs of this experiment").unit("NAME");
  table.add("--json", as_json, "print a JSON object");
  if (!table.parse_or_print(words, std::cout)) return 0;
  const RunDirectory run = named_run(runs_dir, id, experiment);
  const json record = run.record();
  const json summary = summarize_run({run.experiment(), run.id(), run.path()});
  std::cout << (as_json ? page_json(run, summary, record).dump(2) + "\n" : page(run, summary, record));
  return 0;
}

}  // namespace skein
