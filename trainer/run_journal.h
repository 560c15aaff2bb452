#pragma once
// Rank 0's run directory, as the training loop, a dying rank and a signal may all want to write to it.

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/run/run.h"

namespace skein {

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
  void describe(const std::string& name, const std::string& unit, const std::string& goal);
  void save_metrics();
  void complete();
  /// What another rank's post-mortem tells of the first failure; empty when there is none.
  std::string failure_elsewhere() const;
  /// Records the end; the reason is that of the rank that failed first, if its post-mortem tells, else
  /// `reason`. Never throws.
  void fail(const std::string& reason) noexcept;
  /// As fail(), but Canceled unless another rank has failed.
  void cancel(const std::string& reason) noexcept;

 private:
  void end(RunState state, const std::string& reason) noexcept;

  mutable std::mutex mutex_;  // guards what follows
  std::filesystem::path post_mortems_;
  std::unique_ptr<Run> run_;
};

/// "rank 1: DataError: cannot read ...": what the post-mortems in `directory` tell of the first failure that
/// is not about another rank; empty when there is none.
std::string first_cause(const std::filesystem::path& directory);

}  // namespace skein
