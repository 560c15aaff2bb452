#include "collectives/world_trace.h"

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>

#include "collectives/clock_sync.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "runtime/trace/timeline.h"

namespace skein {

WorldTrace::WorldTrace(World& world) : world_(world) {
  PostMortem& post_mortem = world.post_mortem();
  post_mortem.add_section("communicators", [history = history_] { return history->communicators(); });
  post_mortem.add_section("calls", [history = history_] { return history->calls(); });
}

namespace {

std::atomic<TimelinePart*> switched_by_signal{nullptr};

/// Any thread's; does nothing but flip a flag.
void flip_recording(int) {
  if (TimelinePart* part = switched_by_signal.load()) part->set_recording(!part->is_recording());
}

bool signal_is_free(int number) {
  struct sigaction current {};
  return sigaction(number, nullptr, &current) == 0 && current.sa_handler == SIG_DFL;
}

}  // namespace

void WorldTrace::record_timeline(const std::filesystem::path& file, bool paused) {
  if (timeline_) return;
  const Topology::Member& self = world_.topology().members[world_.rank()];
  require_timeline_place(file);
  timeline_file_ = std::filesystem::absolute(file);
  timeline_ = std::make_shared<TimelinePart>(timeline_parts_of(timeline_file_), world_.rank(), world_.world_size(),
                                             self.host_name);
  timeline_->set_recording(!paused);
  history_->record_in(timeline_);
  if (!signal_is_free(SIGUSR1)) return;
  switched_by_signal = timeline_.get();
  std::signal(SIGUSR1, flip_recording);
}

WorldTrace::~WorldTrace() {
  switched_by_signal = nullptr;
}

void WorldTrace::before_farewell() {
  if (!timeline_) return;
  if (switched_by_signal.exchange(nullptr) != nullptr) std::signal(SIGUSR1, SIG_IGN);  // a late one must not end the rank
  timeline_->close();
}

void WorldTrace::after_farewell() {
  if (!timeline_ || world_.rank() != 0) return;
  const std::filesystem::path parts = timeline_parts_of(timeline_file_);
  try {
    const TimelineSummary summary = write_timeline(parts, timeline_file_);
    log_info(concat("timeline ", timeline_file_.string(), ": ", summary.describe()));
    if (static_cast<int>(summary.ranks.size()) == summary.world_size) std::filesystem::remove_all(parts);
  } catch (const std::exception& error) {
    log_error(concat(error.what(), "\n  the parts are in ", parts.string(), ", for `skein timeline`"));
  }
}

void WorldTrace::synchronize(Transport& transport) {
  if (synchronized_) return;
  const JobClock clock = synchronize_clocks(transport, world_.topology());
  synchronized_ = true;
  if (timeline_) timeline_->set_clock(clock);
  world_.post_mortem().add_section("clock", [clock] {
    return nlohmann::json{{"now_ns", JobClock::steady_nanoseconds(Clock::now())},
                          {"offset_ns", clock.offset_ns},
                          {"uncertainty_ns", clock.uncertainty_ns},
                          {"job_start_ns", clock.job_start_ns}};
  });
}

}  // namespace skein
