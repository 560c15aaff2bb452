#include "trainer/step_timer.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace skein {
namespace {

using std::chrono::milliseconds;

double in(const StepTimer::Seconds& seconds, StepPhase phase) {
  return seconds[static_cast<std::size_t>(phase)];
}

TEST(StepTimer, EveryMomentBelongsToOnePhase) {
  StepTimer timer;
  timer.take();
  const auto start = Clock::now();
  timer.enter(StepPhase::kInput);
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(timer.enter(StepPhase::kCompute), StepPhase::kInput);
  {
    const PhaseScope saving(timer, StepPhase::kCheckpoint);
    std::this_thread::sleep_for(milliseconds(30));
  }
  std::this_thread::sleep_for(milliseconds(40));
  const StepTimer::Seconds seconds = timer.take();
  const double passed = seconds_since(start);
  EXPECT_GE(in(seconds, StepPhase::kInput), 0.02);
  EXPECT_GE(in(seconds, StepPhase::kCheckpoint), 0.03);
  EXPECT_GE(in(seconds, StepPhase::kCompute), 0.04) << "the phase before a scope goes on after it";
  const double sum = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  EXPECT_NEAR(sum, passed, 0.002);
  EXPECT_LT(in(timer.take(), StepPhase::kInput), 1e-3) << "taken twice";
}

TEST(StepTimer, WhatIsMovedWasThereBefore) {
  StepTimer timer;
  timer.enter(StepPhase::kCompute);
  std::this_thread::sleep_for(milliseconds(10));
  timer.enter(StepPhase::kOther);
  timer.move(StepPhase::kCompute, StepPhase::kGradientWait, 0.004);
  timer.move(StepPhase::kCompute, StepPhase::kGradientWait, 100);
  const StepTimer::Seconds seconds = timer.take();
  EXPECT_EQ(in(seconds, StepPhase::kCompute), 0);
  EXPECT_GE(in(seconds, StepPhase::kGradientWait), 0.01);
  EXPECT_LT(in(seconds, StepPhase::kGradientWait), 10);
}

}  // namespace
}  // namespace skein
