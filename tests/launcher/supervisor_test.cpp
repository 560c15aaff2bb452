#include "launcher/supervisor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

class SupervisorTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
  }
  void TearDown() override {
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    DirectoryTest::TearDown();
  }
  static ExitStatus shell(const std::string& script) { return supervise({"sh", "-c", script}, full_environment()); }

  sigset_t mask_{};
};

TEST_F(SupervisorTest, ReturnsTheJobsEnd) {
  EXPECT_EQ(shell("exit 5").code, 5);
  EXPECT_EQ(shell("kill -KILL $$").signal_number, SIGKILL);
  EXPECT_EQ(supervise({"sh", "-c", "exit $CODE"}, {{"CODE", "6"}, {"PATH", "/bin"}}).code, 6);
  EXPECT_THROW(supervise({"no-such-program"}, {}), ConfigError);
}

TEST_F(SupervisorTest, HandsSignalsOn) {
  // The shell tells its parent, us, that it is ready by asking for the signal itself.
  for (const char* name : {"INT", "TERM", "HUP", "USR1", "USR2"}) {
    const std::string got = (directory_ / name).string();
    const ExitStatus status = shell(concat("trap 'echo got > ", got, "; exit 9' ", name, "; kill -", name,
                                           " $PPID; for i in $(seq 500); do sleep 0.02; done"));
    EXPECT_EQ(status.code, 9) << name;
    EXPECT_EQ(file_contents(got), "got\n");
  }
}

}  // namespace
}  // namespace skein
