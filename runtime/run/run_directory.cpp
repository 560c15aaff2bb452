#include "runtime/run/run_directory.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/lease.h"
#include "runtime/run/run_record.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kShownCandidates = 20;

bool holds_a_run(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "events.jsonl", ignored) || fs::exists(directory / "run.json", ignored);
}

bool is_visible_directory(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored) && !entry.path().filename().string().starts_with('.');
}

std::vector<fs::path> subdirectories(const fs::path& directory) {
  std::vector<fs::path> result;
  std::error_code error;
  for (auto entry = fs::directory_iterator(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (is_visible_directory(*entry)) result.push_back(entry->path());
  if (error) throw DataError(concat("cannot read ", directory.string(), ": ", error.message()), "check --runs-dir");
  return result;
}

RunStatus recorded_status(const json& record) {
  return {recorded_state(record), record.value("reason", ""), false};
}

/// The state a reader concludes for an unfinished run.
RunStatus inferred_status(const RunStatus& recorded, const WriterStatus& writer) {
  using Liveness = WriterStatus::Liveness;
  const bool nobody_yet = writer.liveness == Liveness::kNone && recorded.state == RunState::kNotStarted;
  if (writer.liveness == Liveness::kAlive || nobody_yet) return recorded;
  const std::string stopped = concat("while ", state_name(recorded.state), ": ");
  if (writer.liveness == Liveness::kDead) return {RunState::kFailed, stopped + writer.reason, true};
  const std::string reason = writer.liveness == Liveness::kNone ? "nobody writes it any more" : writer.reason;
  return {RunState::kNotResponding, stopped + reason, true};
}

std::string list_of(const std::vector<RunEntry>& entries) {
  std::string text;
  for (std::size_t i = 0; i < std::min(entries.size(), kShownCandidates); ++i)
    text += concat("\n  ", entries[i].experiment, "/", entries[i].id);
  return entries.size() > kShownCandidates ? text + "\n  ..." : text;
}

}  // namespace

RunDirectory::RunDirectory(fs::path directory) : directory_(std::move(directory)) {
  if (!holds_a_run(directory_)) throw DataError(concat(directory_.string(), " holds no run"), "see `skein runs ls`");
}

json RunDirectory::record() const {
  return read_run_record(directory_);
}

RunStatus RunDirectory::status() const {
  const RunStatus before = recorded_status(record());
  if (is_final(before.state)) return before;
  const WriterStatus writer = writer_status(directory_ / "lease.json");
  // The writer may have ended in order since the first look; what it recorded then counts.
  const RunStatus after = recorded_status(record());
  return is_final(after.state) ? after : inferred_status(after, writer);
}

MetricLogContents RunDirectory::metrics() const {
  return read_metric_log(directory_ / "metrics.jsonl");
}

std::vector<fs::path> RunDirectory::output_files() const {
  std::vector<fs::path> files;
  const fs::path outputs = directory_ / "outputs";
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(outputs, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
    if (entry->is_regular_file() && !entry->path().filename().string().starts_with('.'))
      files.push_back(entry->path().lexically_relative(outputs));
  if (error && error != std::errc::no_such_file_or_directory)
    throw DataError(concat("cannot read ", outputs.string(), ": ", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<RunEntry> list_runs(const fs::path& runs_dir, const std::string& experiment) {
  std::vector<RunEntry> runs;
  for (const fs::path& group : subdirectories(runs_dir)) {
    if (!experiment.empty() && group.filename() != experiment) continue;
    for (const fs::path& run : subdirectories(group))
      if (holds_a_run(run)) runs.push_back({group.filename().string(), run.filename().string(), run});
  }
  std::sort(runs.begin(), runs.end(), [](const RunEntry& a, const RunEntry& b) {
    return std::tie(a.id, a.experiment) < std::tie(b.id, b.experiment);
  });
  return runs;
}

RunDirectory find_run(const fs::path& runs_dir, const std::string& id, const std::string& experiment) {
  const std::vector<RunEntry> all = list_runs(runs_dir, experiment);
  std::vector<RunEntry> exact, partial;
  for (const RunEntry& run : all) {
    if (run.id == id)
      exact.push_back(run);
    else if (!id.empty() && (run.id.starts_with(id) || run.id.ends_with(id)))
      partial.push_back(run);
  }
  const std::vector<RunEntry>& matches = exact.empty() ? partial : exact;
  if (matches.size() == 1) return RunDirectory(matches.front().path);
  if (matches.empty())
    throw UsageError(concat("no run '", id, "' in ", runs_dir.string()), "see `skein runs ls` for the ids");
  throw UsageError(concat("'", id, "' means ", matches.size(), " runs:", list_of(matches)),
                   "give more of the id, or --experiment");
}

}  // namespace skein
