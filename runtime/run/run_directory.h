#pragma once
// The read side of runs: works while a run is being written, after its writer was killed, and on copies.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runtime/run/metric_log.h"
#include "runtime/run/run_state.h"

namespace skein {

/// What can be said about a run now.
struct RunStatus {
  RunState state = RunState::kNotStarted;
  std::string reason;     ///< why it failed or is thought to have; empty otherwise
  bool inferred = false;  ///< true: not recorded but concluded from the lease (lease.h)
};

/// One run on disk. Holds no file open and may be copied; every call reads anew. Use from any thread.
/// All functions throw DataError, naming the file, for what is missing or makes no sense.
class RunDirectory {
 public:
  /// Throws DataError when `directory` holds no run.
  explicit RunDirectory(std::filesystem::path directory);

  const std::filesystem::path& path() const { return directory_; }
  std::string id() const { return directory_.filename().string(); }
  std::string experiment() const { return directory_.parent_path().filename().string(); }

  /// What run.json holds, brought up to date with the events.
  nlohmann::json record() const;
  /// Recorded state, unless it is unfinished and its writer is dead (Failed) or silent (NotResponding).
  RunStatus status() const;
  MetricLogContents metrics() const;
  /// Files below outputs/, relative to it, sorted; unfinished ones are left out.
  std::vector<std::filesystem::path> output_files() const;

 private:
  std::filesystem::path directory_;
};

/// A directory that looks like a run; whether it can be read shows when it is.
struct RunEntry {
  std::string experiment;
  std::string id;
  std::filesystem::path path;
};

/// All runs below `runs_dir`, sorted by id, that is by time for ids that Skein made; of one experiment unless
/// that is empty. Throws DataError when `runs_dir` does not exist or cannot be read.
std::vector<RunEntry> list_runs(const std::filesystem::path& runs_dir, const std::string& experiment = "");

/// The one run whose id is `id` or else begins or ends with it. Throws UsageError when there is none (with
/// the closest ids) or several (with all of them).
RunDirectory find_run(const std::filesystem::path& runs_dir, const std::string& id, const std::string& experiment = "");

}  // namespace skein
