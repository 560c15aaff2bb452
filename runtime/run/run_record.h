#pragma once
// events.jsonl, what happened to a run, and its fold, run.json.
//
// Events, one object a line, each with "time" (2026-01-31T10:15:30.482Z) and "event":
//   created {run: {...}}         everything known at the start
//   state   {state, reason?}     a step through RunState
//   continued {run: {...}}       the run goes on from a checkpoint: a new attempt, with the facts of its start
//   tag     {name, value}        added or replaced
//   note    {text}
//   set     {name, value}        a fact that became known later, e.g. "seeds"
//   metrics {metrics: {name: {last, min, max}}}
//   outputs {from, num_files, num_bytes}
// Readers ignore events they do not know, and states after a final one up to the next attempt.

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/run/append_file.h"
#include "runtime/run/run_state.h"

namespace skein {

inline constexpr int kRunSchemaVersion = 1;

/// Applies one event to a record: `record` is what run.json holds. Throws DataError for an event that cannot
/// follow.
void apply_event(nlohmann::json& record, const nlohmann::json& event);

/// The record of a run directory, from its events (or, where these are missing, from its run.json). Throws
/// DataError, naming the file, when there is no run, or one written by a newer Skein.
nlohmann::json read_run_record(const std::filesystem::path& directory);

/// The recorded state; whether its writer still lives is another question (RunDirectory).
RunState recorded_state(const nlohmann::json& record);

/// Records from outside that a run has failed: one appended event, no lock, nothing else touched. For a
/// thread or rank that sees the end coming while the one that owns the Run is stuck or dead; the first final
/// state is the one that counts. Safe from any thread and process. Throws StorageError.
void record_failure(const std::filesystem::path& directory, const std::string& reason);

/// The write side. Each function appends an event and rewrites run.json; both are in the kernel when it
/// returns. Use from one thread. Throws StorageError.
class RunRecord {
 public:
  /// `run`: run_id, experiment and the facts of the caller. With `continues` the directory holds a run that goes on.
  RunRecord(const std::filesystem::path& directory, const nlohmann::json& run, bool continues = false);
  ~RunRecord();

  RunState state() const;
  /// Throws UsageError for a step that RunState does not allow.
  void set_state(RunState next, const std::string& reason = "");
  void add(const std::string& kind, nlohmann::json fields);

 private:
  std::filesystem::path file_;
  AppendFile events_;
  std::unique_ptr<nlohmann::json> record_;
};

}  // namespace skein
