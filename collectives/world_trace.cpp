#include "collectives/world_trace.h"

#include <nlohmann/json.hpp>

#include "collectives/clock_sync.h"

namespace skein {

WorldTrace::WorldTrace(World& world) : world_(world) {
  PostMortem& post_mortem = world.post_mortem();
  post_mortem.add_section("communicators", [history = history_] { return history->communicators(); });
  post_mortem.add_section("calls", [history = history_] { return history->calls(); });
}

void WorldTrace::synchronize(Transport& transport) {
  if (synchronized_) return;
  const JobClock clock = synchronize_clocks(transport, world_.topology());
  synchronized_ = true;
  world_.post_mortem().add_section("clock", [clock] {
    return nlohmann::json{{"now_ns", JobClock::steady_nanoseconds(Clock::now())},
                          {"offset_ns", clock.offset_ns},
                          {"uncertainty_ns", clock.uncertainty_ns},
                          {"job_start_ns", clock.job_start_ns}};
  });
}

}  // namespace skein
