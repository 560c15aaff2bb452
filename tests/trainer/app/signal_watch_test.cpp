// Signals while a program leaves.

#include "trainer/signal_watch.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace skein {
namespace {

class SignalWatchSignals : public testing::TestWithParam<int> {};

TEST_P(SignalWatchSignals, ThatComeWhenTheJobIsOverDoNotChangeHowItEnds) {
  const auto leave = [] {
    {
      SignalWatch signals;
      signals.start([](int) {});
    }
    std::raise(GetParam());
    std::exit(0);
  };
  EXPECT_EXIT(leave(), testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(Each, SignalWatchSignals, testing::Values(SIGINT, SIGTERM, SIGUSR2),
                         [](const auto& signal) { return signal_name(signal.param); });

}  // namespace
}  // namespace skein
