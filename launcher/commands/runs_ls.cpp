// skein runs ls: the runs of a runs directory, oldest first.

#include <iostream>
#include <nlohmann/json.hpp>

#include "launcher/commands/commands.h"
#include "launcher/run_summary.h"
#include "launcher/text_table.h"
#include "runtime/options/option_table.h"

namespace skein {
namespace {

constexpr std::size_t kShownMetrics = 2;

std::string table_text(const nlohmann::json& runs) {
  std::vector<std::vector<std::string>> rows = {{"RUN", "EXPERIMENT", "STATE", "CREATED (UTC)", "DURATION", "METRICS"}};
  for (const auto& run : runs) {
    const bool unreadable = run.at("duration_s").is_null();
    rows.push_back({run.at("run_id"), run.at("experiment"), run.at("state"), readable_time(run.at("created")),
                    unreadable ? "" : duration_text(run.at("duration_s")),
                    unreadable ? run.at("reason").get<std::string>() : metrics_text(run.at("metrics"), kShownMetrics)});
  }
  return text_table(rows);
}

}  // namespace

int runs_ls_command(const CommandContext& context, const std::vector<std::string>& words) {
  std::filesystem::path runs_dir = "runs";
  std::string experiment;
  bool as_json = false;
  OptionTable table("skein runs ls", "Lists the runs of a runs directory, oldest first.", context.version);
  table.add("--runs-dir", runs_dir, "directory that holds the runs").unit("DIR");
  table.add("--experiment", experiment, "only the runs of this experiment").unit("NAME");
  table.add("--json", as_json, "print a JSON array");
  if (!table.parse_or_print(words, std::cout)) return 0;
  nlohmann::json runs = nlohmann::json::array();
  for (const RunEntry& entry : list_runs(runs_dir, experiment)) runs.push_back(summarize_run(entry));
  std::cout << (as_json ? runs.dump(2) + "\n" : table_text(runs));
  return 0;
}

}  // namespace skein
