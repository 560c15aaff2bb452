#include "trainer/run_journal.h"

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/process/log.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// Kinds of errors by which a rank only reacts to others.
const std::set<std::string> kConsequences = {"PeerLost", "TimeoutError", "Canceled"};

}  // namespace

std::string first_cause(const std::filesystem::path& directory) {
  std::string cause;
  double first_time = std::numeric_limits<double>::infinity();
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(directory, missing)) {
    std::ifstream in(entry.path());
    const auto report = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
    if (!report.is_object() || !report.contains("error")) continue;
    const std::string kind = report["error"].value("kind", "");
    if (kConsequences.contains(kind) || report.value("time", first_time) >= first_time) continue;
    first_time = report.value("time", first_time);
    cause = concat("rank ", report.value("rank", -1), ": ", kind, ": ", report["error"].value("message", ""));
  }
  return cause;
}

void RunJournal::adopt(std::unique_ptr<Run> run) {
  std::lock_guard lock(mutex_);
  run_ = std::move(run);
}

void RunJournal::set_post_mortems(const std::filesystem::path& directory) {
  std::lock_guard lock(mutex_);
  post_mortems_ = directory;
}

void RunJournal::enter(RunState state) {
  std::lock_guard lock(mutex_);
  if (run_) run_->enter(state);
}

void RunJournal::log(const std::string& name, double value, std::int64_t step, int epoch) {
  std::lock_guard lock(mutex_);
  if (run_) run_->log(name, value, step, epoch);
}

void RunJournal::describe(const std::string& name, const std::string& unit, const std::string& goal) {
  std::lock_guard lock(mutex_);
  if (run_) run_->describe(name, {unit, goal});
}

void RunJournal::save_metrics() {
  std::lock_guard lock(mutex_);
  if (run_) run_->save_metrics();
}

void RunJournal::complete() {
  std::lock_guard lock(mutex_);
  if (!run_) return;
  run_->complete();
  run_.reset();
}

std::string RunJournal::failure_elsewhere() const {
  std::lock_guard lock(mutex_);
  return post_mortems_.empty() ? "" : first_cause(post_mortems_);
}

void RunJournal::fail(const std::string& reason) noexcept {
  end(RunState::kFailed, reason);
}

void RunJournal::cancel(const std::string& reason) noexcept {
  end(RunState::kCanceled, reason);
}

void RunJournal::end(RunState state, const std::string& reason) noexcept try {
  const std::string cause = failure_elsewhere();
  std::lock_guard lock(mutex_);
  if (!run_) return;
  if (state == RunState::kCanceled && cause.empty())
    run_->cancel(reason);
  else
    run_->fail(cause.empty() ? reason : cause);
  run_.reset();
} catch (const std::exception& error) {
  log_error(concat("cannot record the end of the run: ", error.what()));
}

}  // namespace skein
