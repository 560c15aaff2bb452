#pragma once
// Where a rank's time goes while it trains. Every moment belongs to one phase, so the phases add up to the wall time;
// a change of phase reads the clock once (some 25 ns).

#include <array>

#include "runtime/process/deadline.h"

namespace skein {

enum class StepPhase {
  kInput,         ///< waits for the loader
  kCompute,       ///< forward and backward
  kGradientWait,  ///< backward has nothing left to do but wait for other ranks
  kOptimizer,     ///< update; where ranks share it, with waiting for them
  kAgreement,     ///< the step's sums over all ranks, with waiting for them
  kEvaluation,
  kCheckpoint,  ///< the part of saving for which training stops
  kOther,
};
inline constexpr std::array<const char*, 8> kStepPhaseNames = {"input",     "compute",    "gradient_wait", "optimizer",
                                                               "agreement", "evaluation", "checkpoint",    "other"};

/// Used by one thread.
class StepTimer {
 public:
  using Seconds = std::array<double, kStepPhaseNames.size()>;  ///< by StepPhase

  StepTimer() : since_(Clock::now()) {}
  /// The phase from now on. Returns the one until now.
  StepPhase enter(StepPhase phase);
  /// Seconds counted as one phase that belong to another one, as is found out later.
  void move(StepPhase from, StepPhase to, double seconds);
  /// What has passed since the last call, or since the start.
  Seconds take();

 private:
  double& seconds_in(StepPhase phase) { return seconds_[static_cast<std::size_t>(phase)]; }

  Seconds seconds_{};
  StepPhase phase_ = StepPhase::kOther;
  Clock::time_point since_;
};

/// A phase for as long as it lives, then the one before.
class PhaseScope {
 public:
  PhaseScope(StepTimer& timer, StepPhase phase) : timer_(timer), before_(timer.enter(phase)) {}
  ~PhaseScope() { timer_.enter(before_); }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  StepTimer& timer_;
  StepPhase before_;
};

}  // namespace skein
