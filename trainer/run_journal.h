#pragma once
// Rank 0's run directory, as the training loop, a dying rank and a signal may all want to write to it.

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/run/run.h"

namespace skein {

/// Why a job ends, as the post-mortem of one rank tells it.
struct Cause {
  std::string kind;  ///< of the error: "DataError", "PeerLost", ...
  std::string text;  ///< "rank 1: DataError: cannot read ..."
};

/// The first failure that the post-mortems in `directory` tell of. A rank that misses another one, or has waited for it
/// too long, counts only where no rank tells of a failure of its own; so does a canceled rank, as the first failure of
/// another makes mpirun send signals to all.
std::optional<Cause> first_cause(const std::filesystem::path& directory);

/// Any thread may call any function. Before there is a run, after its end, and on ranks other than 0, every
/// function does nothing.
class RunJournal {
 public:
  RunJournal() = default;
  RunJournal(const RunJournal&) = delete;
  RunJournal& operator=(const RunJournal&) = delete;

  void adopt(std::unique_ptr<Run> run);
  /// Where all ranks leave their post-mortems; on every rank.
  void set_post_mortems(const std::filesystem::path& directory);
  void enter(RunState state);
  void log(const std::string& name, double value, std::int64_t step, int epoch);
  /// False where nobody would see them: there is no run, or one without an event file.
  bool takes_pictures() const;
  void log_picture(const std::string& name, const EncodedPicture& picture, std::int64_t step);
  void log_text(const std::string& name, const std::string& text, std::int64_t step);
  /// The run fills in the time.
  void log_timing(const RankTiming& timing);
  void describe(const std::string& name, const std::string& unit, const std::string& goal);
  void set_confusion_matrix(const CountMatrix& matrix);
  /// A fact that became known after the start (Run::set).
  void set(const std::string& fact, const nlohmann::json& value);
  void save_metrics();
  void complete(const std::string& reason = "");
  /// Records the end as Preempted: the training was asked to stop, and can go on.
  void preempt(const std::string& reason);
  /// What the post-mortems of this run tell of why it ends.
  std::optional<Cause> cause() const;
  /// Records the end as Failed, or as Canceled where a rank was canceled first and this one only misses it. The
  /// reason is that of the rank that failed first, if its post-mortem tells, else `reason`. Never throws.
  void fail(const std::string& reason) noexcept;
  /// As fail(), but Canceled unless another rank has failed first.
  void cancel(const std::string& reason) noexcept;

 private:
  void end(RunState state, const std::string& reason) noexcept;

  mutable std::mutex mutex_;  // guards what follows
  std::filesystem::path post_mortems_;
  std::unique_ptr<Run> run_;
};

}  // namespace skein
