#include "runtime/trace/job_clock.h"

namespace skein {

JobClock JobClock::starting_now() {
  const auto system = std::chrono::system_clock::now().time_since_epoch();
  JobClock clock;
  clock.job_start_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(system).count();
  clock.offset_ns = clock.job_start_ns - steady_nanoseconds(Clock::now());
  return clock;
}

}  // namespace skein
