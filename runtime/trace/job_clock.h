#pragma once
// One time for all ranks of a job.

#include <cstdint>

#include "runtime/process/deadline.h"

namespace skein {

/// Turns this process's steady clock into the time of rank 0's system clock, in nanoseconds since 1970 UTC. Ranks of one
/// host share their steady clock; between hosts the offset is estimated once, at the start. Clocks of hosts that no time
/// service disciplines drift apart by some microseconds a second.
struct JobClock {
  std::int64_t offset_ns = 0;       ///< job time minus this process's steady clock
  std::int64_t uncertainty_ns = 0;  ///< the estimate is at most so far from the truth, on the day it was made
  std::int64_t job_start_ns = 0;    ///< the same on all ranks, and no other job's

  std::int64_t nanoseconds(Clock::time_point time) const { return steady_nanoseconds(time) + offset_ns; }
  static std::int64_t steady_nanoseconds(Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  }
  /// That of a job which starts now and of which this process is rank 0.
  static JobClock starting_now();
};

}  // namespace skein
