#include "runtime/process/termination_grace.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

namespace skein {
namespace {

using namespace std::chrono_literals;

const testing::KilledBySignal kTerminated(SIGTERM);

TEST(TerminationGrace, LetsTheProcessGoOnForAMoment) {
  const auto body = [] {
    TerminationGrace grace(200ms);
    raise(SIGTERM);
    std::this_thread::sleep_for(20ms);
    std::fputs("last words", stderr);
    std::this_thread::sleep_for(20s);
  };
  EXPECT_EXIT(body(), kTerminated, "last words");
}

TEST(TerminationGrace, ASecondOneEndsItAtOnce) {
  const auto body = [] {
    TerminationGrace grace(1h);
    raise(SIGTERM);
    raise(SIGTERM);
    _exit(0);
  };
  EXPECT_EXIT(body(), kTerminated, "");
}

TEST(TerminationGrace, AForkedChildEndsAtOnce) {
  const auto body = [] {
    TerminationGrace grace(1h);
    if (fork() != 0) {
      int status = 0;
      wait(&status);
      _exit(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    raise(SIGTERM);
    _exit(0);
  };
  EXPECT_EXIT(body(), testing::ExitedWithCode(SIGTERM), "");
}

TEST(TerminationGrace, IsNotForgottenAtTheEnd) {
  const auto body = [] {
    {
      TerminationGrace grace(1h);
      raise(SIGTERM);
    }
    _exit(0);
  };
  EXPECT_EXIT(body(), kTerminated, "");
}

TEST(TerminationGrace, LeavesNothingBehind) {
  const auto body = [] {
    { TerminationGrace grace(1h); }
    raise(SIGTERM);
    _exit(0);
  };
  EXPECT_EXIT(body(), kTerminated, "");
}

TEST(TerminationGrace, LeavesAHandlerOfTheProgramAlone) {
  const auto body = [] {
    std::signal(SIGTERM, [](int) { _exit(3); });
    TerminationGrace grace(1h);
    raise(SIGTERM);
    _exit(0);
  };
  EXPECT_EXIT(body(), testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace skein
