#include "runtime/run/run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/rank_file.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/collect_outputs.h"
#include "runtime/run/count_matrix_file.h"
#include "runtime/run/curve_plot.h"
#include "runtime/run/cut_series.h"
#include "runtime/run/metric_log.h"
#include "runtime/run/metrics_file.h"
#include "runtime/run/run_directory.h"
#include "runtime/run/run_events.h"
#include "runtime/run/run_id.h"
#include "runtime/run/run_record.h"
#include "runtime/run/space_check.h"
#include "runtime/run/storage_error.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::array<const char*, 10> kFacts = {"command", "parameters", "changed_parameters", "plan",     "tags",
                                                "host",    "versions",   "seeds",              "topology", "exports"};
constexpr int kMaxIdAttempts = 100;

void check_fact(const std::string& name) {
  if (std::find(kFacts.begin(), kFacts.end(), name) == kFacts.end())
    throw UsageError(concat("run.json has no place for '", name, "'"),
                     "use command, parameters, changed_parameters, plan, tags, host, versions, seeds, topology or exports");
}

/// False when the directory exists already.
bool make_directory(const fs::path& directory) {
  if (mkdir(directory.c_str(), 0777) == 0) return true;
  if (errno != EEXIST) throw_storage_error("create the directory", directory, errno);
  return false;
}

/// Making the directory is what claims the name, also against other hosts.
std::string claim_run_id(const fs::path& experiment_directory, const std::string& wanted) {
  if (!wanted.empty()) {
    if (make_directory(experiment_directory / wanted)) return wanted;
    throw UsageError(concat("--run-id: ", (experiment_directory / wanted).string(), " exists"),
                     "choose another id, or none: then a new one is made up; trainer --resume auto goes on with this one");
  }
  for (int attempt = 0; attempt < kMaxIdAttempts; ++attempt)
    if (const std::string id = make_run_id(); make_directory(experiment_directory / id)) return id;
  throw StorageError(concat("cannot find a free run id in ", experiment_directory.string()), "give one with --run-id");
}

/// Throws UsageError where another process writes it. What the last attempt left of its end steps aside.
void reopen(const fs::path& directory) {
  const fs::path lease = directory / "lease.json";
  const WriterStatus writer = writer_status(lease);
  if (writer.liveness == WriterStatus::Liveness::kAlive)
    throw UsageError(concat("the run ", directory.string(), " is being written by another process"),
                     "wait until it has ended, or start another run");
  fs::remove(lease);
  for (int attempt = 1; fs::exists(directory / "post-mortem"); ++attempt)
    if (const fs::path aside = directory / concat("post-mortem-", attempt); !fs::exists(aside))
      fs::rename(directory / "post-mortem", aside);
}

/// Now, by the clock of the file system that holds `directory`, which may be another host's.
fs::file_time_type file_system_time(const fs::path& directory) {
  const AtomicFile probe(directory / "time_probe");
  struct stat status {};
  if (fstat(probe.fd(), &status) != 0) throw_storage_error("examine", directory, errno);
  const auto since_epoch =
      std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return std::chrono::file_clock::from_sys(std::chrono::sys_time<std::chrono::nanoseconds>(since_epoch));
}

json summary_of(const MetricTable& metrics) {
  json summary = json::object();
  for (const auto& [name, series] : metrics) {
    std::vector<double> finite;
    std::copy_if(series.values.begin(), series.values.end(), std::back_inserter(finite),
                 [](double value) { return std::isfinite(value); });
    if (finite.empty()) continue;
    const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
    summary[name] = {{"last", finite.back()}, {"min", *low}, {"max", *high}};
  }
  return summary;
}

}  // namespace

struct Run::Files {
  Files(const fs::path& directory, const json& identity, std::chrono::milliseconds heartbeat, bool continues)
      : lease(std::make_unique<Lease>(directory / "lease.json", heartbeat)),
        record(directory, identity, continues),
        metric_log(directory / "metrics.jsonl"),
        timing_log(directory / "timing.jsonl") {}
  std::unique_ptr<Lease> lease;  ///< given back when the run has ended
  RunRecord record;
  MetricLog metric_log;
  AppendFile timing_log;
  std::optional<RunEvents> events;
};

Run::Run(const RunOptions& options, const json& facts) : experiment_(options.experiment), runs_dir_(options.runs_dir) {
  check_directory_name("--experiment", experiment_);
  if (!options.run_id.empty()) check_directory_name("--run-id", options.run_id);
  for (const auto& [name, value] : facts.items()) check_fact(name);
  for (const fs::path& taken : {runs_dir_, runs_dir_ / experiment_})
    if (!options.output_dir.empty() && fs::weakly_canonical(options.output_dir) == fs::weakly_canonical(taken))
      throw UsageError(concat("--output-dir ", options.output_dir.string(), " is where runs are kept"),
                       "name a folder of its own, or leave it out: a run has its own outputs/");
  require_writable(runs_dir_, options.needed_bytes);
  if (!options.output_dir.empty()) require_writable(options.output_dir, options.needed_bytes);

  make_directories(runs_dir_ / experiment_);
  const bool continues = options.continue_at_step.has_value();
  id_ = continues ? options.run_id : claim_run_id(runs_dir_ / experiment_, options.run_id);
  directory_ = runs_dir_ / experiment_ / id_;
  if (continues) {
    RunDirectory{directory_};  // throws unless there is one
    reopen(directory_);
    confusion_ = read_confusion_matrix(directory_ / "metrics.h5", *options.continue_at_step);
    metrics_ = cut_metrics(directory_ / "metrics.jsonl", *options.continue_at_step);
    timings_ = cut_timings(directory_ / "timing.jsonl", *options.continue_at_step);
  }
  for (const char* part : {"logs", "outputs"}) make_directories(directory_ / part);
  outputs_ = options.output_dir.empty() ? directory_ / "outputs" : options.output_dir;
  started_ = file_system_time(outputs_);
  json identity = facts;
  identity["run_id"] = id_;
  identity["experiment"] = experiment_;
  files_ = std::make_unique<Files>(directory_, identity, options.heartbeat, continues);
  if (options.tensorboard)
    files_->events.emplace(directory_, concat(experiment_, "/", id_), facts, options.continue_at_step);
  files_->record.set_state(RunState::kStarting);
}

Run::~Run() {
  if (is_final(state())) return;
  try {
    end(RunState::kFailed, "the program left without completing the run");
  } catch (const std::exception& error) {
    log_error(concat("run ", id_, " could not record its end: ", error.what()));
  }
}

RunState Run::state() const {
  return files_->record.state();
}

bool Run::has_event_file() const {
  return files_->events.has_value();
}

void Run::enter(RunState next) {
  if (is_final(next)) throw UsageError("a run ends by complete(), fail() or cancel()");
  files_->record.set_state(next);
}

void Run::complete(const std::string& reason) {
  if (state() != RunState::kFinalizing) enter(RunState::kFinalizing);
  save_metrics();
  write_curve_picture();
  const fs::path own_outputs = directory_ / "outputs";
  if (outputs_ != own_outputs) {
    const CollectedOutputs collected = collect_outputs(outputs_, own_outputs, started_, runs_dir_);
    files_->record.add("outputs", {{"from", fs::absolute(outputs_).lexically_normal().string()},
                                   {"num_files", collected.num_files},
                                   {"num_bytes", collected.num_bytes}});
  }
  end(RunState::kCompleted, reason);
}

void Run::fail(const std::string& reason) {
  end(RunState::kFailed, reason);
}

void Run::cancel(const std::string& reason) {
  end(RunState::kCanceled, reason);
}

void Run::preempt(const std::string& reason) {
  save_metrics();
  write_curve_picture();
  end(RunState::kPreempted, reason);
}

void Run::end(RunState state, const std::string& reason) {
  try {
    if (!metrics_.empty()) files_->record.add("metrics", {{"metrics", summary_of(metrics_)}});
  } catch (const StorageError& error) {
    if (state == RunState::kCompleted) throw;
    log_error(concat("run ", id_, " could not record its last metrics: ", error.what()));  // the state matters more
  }
  files_->record.set_state(state, reason);
  if (files_->events) files_->events->end(state);
  files_->lease.reset();
}

void Run::log(const std::string& name, double value, std::int64_t step, int epoch) {
  if (!metrics_.contains(name)) check_metric_name(metrics_, name);
  const MetricPoint point{value, step, epoch, unix_seconds()};
  files_->metric_log.append(name, point);
  if (files_->events) files_->events->log(name, point);
  metrics_[name].add(point);
}

void Run::log_picture(const std::string& name, const EncodedPicture& picture, std::int64_t step) {
  if (files_->events) files_->events->log_picture(name, picture, step);
}

void Run::log_text(const std::string& name, const std::string& text, std::int64_t step) {
  if (files_->events) files_->events->log_text(name, text, step);
}

void Run::log_timing(RankTiming timing) {
  if (timing.num_ranks() == 0) return;
  timing.time = unix_seconds();
  files_->timing_log.append(timing_line(timing));
  timings_.push_back(std::move(timing));
}

void Run::describe(const std::string& name, const MetricDescription& description) {
  if (!description.goal.empty() && description.goal != "maximize" && description.goal != "minimize")
    throw UsageError(concat("'", description.goal, "' is no goal of a metric"), "use maximize or minimize");
  if (!metrics_.contains(name)) check_metric_name(metrics_, name);
  files_->metric_log.describe(name, description);
  metrics_[name].description = description;
}

void Run::set_confusion_matrix(const CountMatrix& matrix) {
  if (!matrix.is_empty()) confusion_ = matrix;
}

void Run::save_metrics() {
  files_->metric_log.sync();
  write_metrics_file(directory_ / "metrics.h5", metrics_, experiment_, id_, confusion_, timings_);
  write_file_atomically(outputs_ / "training_curve.svg", render_plot(experiment_ + " / " + id_, panels_of(metrics_)));
}

void Run::write_curve_picture() {
  write_file_atomically(outputs_ / "training_curve.png",
                        render_plot(experiment_ + " / " + id_, panels_of(metrics_), PlotFormat::kPng));
}

void Run::tag(const std::string& name, const std::string& value) {
  files_->record.add("tag", {{"name", name}, {"value", value}});
}

void Run::note(const std::string& text) {
  files_->record.add("note", {{"text", text}});
}

void Run::set(const std::string& fact, const json& value) {
  check_fact(fact);
  files_->record.add("set", {{"name", fact}, {"value", value}});
}

fs::path rank_log_file(const fs::path& run_directory, int rank) {
  return run_directory / "logs" / rank_file_name(rank, ".log");
}

}  // namespace skein
