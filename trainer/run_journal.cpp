#include "trainer/run_journal.h"

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/process/log.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr const char* kCanceled = "Canceled";

/// Whether a rank with such an error may only react to another one.
bool may_be_a_consequence(const std::string& kind) {
  return kind == "PeerLost" || kind == "TimeoutError" || kind == kCanceled;
}

}  // namespace

std::optional<Cause> first_cause(const std::filesystem::path& directory) {
  std::optional<Cause> cause;
  auto least = std::make_pair(true, std::numeric_limits<double>::infinity());
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(directory, missing)) {
    std::ifstream in(entry.path());
    const auto report = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
    if (!report.is_object() || !report.contains("error")) continue;
    const std::string kind = report["error"].value("kind", "");
    const auto order = std::make_pair(may_be_a_consequence(kind), report.value("time", least.second));
    if (order >= least) continue;
    least = order;
    cause = {kind, concat("rank ", report.value("rank", -1), ": ", kind, ": ", report["error"].value("message", ""))};
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

bool RunJournal::takes_pictures() const {
  std::lock_guard lock(mutex_);
  return run_ && run_->has_event_file();
}

void RunJournal::log_picture(const std::string& name, const EncodedPicture& picture, std::int64_t step) {
  std::lock_guard lock(mutex_);
  if (run_) run_->log_picture(name, picture, step);
}

void RunJournal::log_text(const std::string& name, const std::string& text, std::int64_t step) {
  std::lock_guard lock(mutex_);
  if (run_) run_->log_text(name, text, step);
}

void RunJournal::log_timing(const RankTiming& timing) {
  std::lock_guard lock(mutex_);
  if (run_) run_->log_timing(timing);
}

void RunJournal::describe(const std::string& name, const std::string& unit, const std::string& goal) {
  std::lock_guard lock(mutex_);
  if (run_) run_->describe(name, {unit, goal});
}

void RunJournal::set_confusion_matrix(const CountMatrix& matrix) {
  std::lock_guard lock(mutex_);
  if (run_) run_->set_confusion_matrix(matrix);
}

void RunJournal::set(const std::string& fact, const nlohmann::json& value) {
  std::lock_guard lock(mutex_);
  if (run_) run_->set(fact, value);
}

void RunJournal::save_metrics() {
  std::lock_guard lock(mutex_);
  if (run_) run_->save_metrics();
}

void RunJournal::complete(const std::string& reason) {
  std::lock_guard lock(mutex_);
  if (!run_) return;
  run_->complete(reason);
  run_.reset();
}

void RunJournal::preempt(const std::string& reason) {
  std::lock_guard lock(mutex_);
  if (!run_) return;
  run_->preempt(reason);
  run_.reset();
}

std::optional<Cause> RunJournal::cause() const {
  std::lock_guard lock(mutex_);
  return post_mortems_.empty() ? std::nullopt : first_cause(post_mortems_);
}

void RunJournal::fail(const std::string& reason) noexcept {
  end(RunState::kFailed, reason);
}

void RunJournal::cancel(const std::string& reason) noexcept {
  end(RunState::kCanceled, reason);
}

void RunJournal::end(RunState state, const std::string& reason) noexcept try {
  const std::optional<Cause> first = cause();
  const RunState final_state = !first ? state : first->kind == kCanceled ? RunState::kCanceled : RunState::kFailed;
  const bool tells_more = first && (final_state != state || !may_be_a_consequence(first->kind));
  std::lock_guard lock(mutex_);
  if (!run_) return;
  const std::string& said = tells_more ? first->text : reason;
  final_state == RunState::kCanceled ? run_->cancel(said) : run_->fail(said);
  run_.reset();
} catch (const std::exception& error) {
  log_error(concat("cannot record the end of the run: ", error.what()));
}

}  // namespace skein
