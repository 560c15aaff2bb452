#pragma once
// The write side of a run: what one training job leaves behind in runs/<experiment>/<run id>/.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "runtime/run/count_matrix.h"
#include "runtime/run/lease.h"
#include "runtime/run/metric_table.h"
#include "runtime/run/run_state.h"
#include "runtime/run/tensorboard_summary.h"
#include "runtime/run/timing_log.h"

namespace skein {

struct RunOptions {
  std::filesystem::path runs_dir = "runs";
  std::string experiment = "default";
  std::string run_id;                ///< empty: a new one is made up
  std::filesystem::path output_dir;  ///< empty: the run's own outputs/
  /// The run `run_id` exists and goes on from here: what it logged at later steps is dropped.
  std::optional<std::int64_t> continue_at_step;
  std::uint64_t needed_bytes = 0;    ///< space that the run's outputs will take
  bool tensorboard = true;           ///< write an event file
  std::chrono::milliseconds heartbeat = kHeartbeatInterval;
};

/// One run. Exactly one process (rank 0) creates it; the others only need directory().
/// Owns the files below the directory and the lease, whose heartbeat is the only thread. All functions are
/// for one thread at a time and never communicate. They may block on the file system and throw StorageError;
/// what log() and the state functions wrote is in the kernel when they return and survives the process's
/// death at any instant.
class Run {
 public:
  /// Checks everything (names, writable directories, space), then creates the directory; the state is
  /// Starting. `facts`: an object with any of command, parameters, changed_parameters, plan, tags, host, versions, seeds,
  /// topology, exports, for run.json. Throws UsageError when the id cannot name a directory or is taken, StorageError when nothing
  /// can be written. A run that continues must not be written by another process.
  Run(const RunOptions& options, const nlohmann::json& facts);
  /// A run that has not come to an end by itself is recorded as Failed.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const std::string& id() const { return id_; }
  const std::string& experiment() const { return experiment_; }
  const std::filesystem::path& directory() const { return directory_; }
  /// Where outputs are to be written: --output-dir, or outputs/ of the run.
  const std::filesystem::path& outputs() const { return outputs_; }
  RunState state() const;
  /// Whether TensorBoard can see it.
  bool has_event_file() const;

  /// A step to Preparing, Running or Finalizing. Throws UsageError for a step backwards.
  void enter(RunState next);
  /// Ends the run: Finalizing, metrics and curve written, --output-dir copied into outputs/, Completed. `reason`: why now, where
  /// that does not go without saying.
  void complete(const std::string& reason = "");
  void fail(const std::string& reason);
  void cancel(const std::string& reason);
  void preempt(const std::string& reason);

  /// Records a value in metrics.jsonl and the TensorBoard file: two writes, a few microseconds. Throws
  /// UsageError for a name that check_metric_name() refuses.
  void log(const std::string& name, double value, std::int64_t step, int epoch);
  /// For TensorBoard alone; `text` is Markdown.
  void log_picture(const std::string& name, const EncodedPicture& picture, std::int64_t step);
  void log_text(const std::string& name, const std::string& text, std::int64_t step);
  /// Appends to timing.jsonl, with the time of now, where it holds any rank.
  void log_timing(RankTiming timing);
  /// Unit and goal ("maximize", "minimize") of a metric.
  void describe(const std::string& name, const MetricDescription& description);
  /// The confusion matrix of the last evaluation, for metrics.h5. An empty one is no change.
  void set_confusion_matrix(const CountMatrix& matrix);
  /// Call at each epoch's end: makes the log durable, replaces metrics.h5 and outputs/training_curve.svg.
  void save_metrics();

  void tag(const std::string& name, const std::string& value);
  void note(const std::string& text);
  /// A fact that became known after the start: one of those that the constructor takes. Throws UsageError for
  /// others.
  void set(const std::string& fact, const nlohmann::json& value);

 private:
  struct Files;
  void end(RunState state, const std::string& reason);
  void write_curve_picture();

  std::string id_;
  std::string experiment_;
  std::filesystem::path runs_dir_;
  std::filesystem::path directory_;
  std::filesystem::path outputs_;
  std::filesystem::file_time_type started_;  ///< by the clock of the file system that holds outputs_
  MetricTable metrics_;
  CountMatrix confusion_;
  std::vector<RankTiming> timings_;
  std::unique_ptr<Files> files_;
};

/// logs/rank_0003.log of a run: where that rank's log belongs. Any rank may ask.
std::filesystem::path rank_log_file(const std::filesystem::path& run_directory, int rank);

}  // namespace skein
