#include "trainer/step_timer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace skein {

StepPhase StepTimer::enter(StepPhase phase) {
  const Clock::time_point now = Clock::now();
  seconds_in(phase_) += std::chrono::duration<double>(now - since_).count();
  since_ = now;
  return std::exchange(phase_, phase);
}

void StepTimer::move(StepPhase from, StepPhase to, double seconds) {
  const double moved = std::clamp(seconds, 0.0, seconds_in(from));
  seconds_in(from) -= moved;
  seconds_in(to) += moved;
}

StepTimer::Seconds StepTimer::take() {
  enter(phase_);
  return std::exchange(seconds_, Seconds{});
}

}  // namespace skein
