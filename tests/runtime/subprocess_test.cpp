#include "runtime/process/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SubprocessOptions shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}};
}

CapturedRun run_shell(const std::string& script) {
  return run_captured(shell(script), Deadline::after(seconds(20)));
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Subprocess, ExitCodesAndSignals) {
  EXPECT_TRUE(run_shell("true").status.success());
  EXPECT_EQ(run_shell("exit 7").status.code, 7);
  EXPECT_EQ(run_shell("exit 7").status.describe(), "exit code 7");
  const ExitStatus killed = run_shell("kill -9 $$").status;
  EXPECT_EQ(killed.signal_number, SIGKILL);
  EXPECT_EQ(killed.shell_code(), 137);
  EXPECT_EQ(killed.describe(), "signal 9 (Killed)");
}

TEST(Subprocess, CapturesBothOutputsApart) {
  const CapturedRun run = run_shell("echo out; echo err >&2; echo again");
  EXPECT_EQ(run.standard_output, "out\nagain\n");
  EXPECT_EQ(run.standard_error, "err\n");
}

TEST(Subprocess, CapturesMoreThanAPipeHolds) {
  const CapturedRun run = run_shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2");
  EXPECT_EQ(run.standard_output.size(), 300000u);
  EXPECT_EQ(run.standard_error.size(), 300000u);
}

TEST(Subprocess, ArgumentsAreNotInterpreted) {
  const CapturedRun run =
      run_captured({.argv = {"printf", "%s|", "a b", "$HOME", "*", "'"}}, Deadline::after(seconds(20)));
  EXPECT_EQ(run.standard_output, "a b|$HOME|*|'|");
}

TEST(Subprocess, EnvironmentAndWorkingDirectory) {
  SubprocessOptions options = shell("echo $COLOUR$PATH; pwd");
  options.environment.emplace()["COLOUR"] = "grey";
  options.working_directory = "/proc";
  EXPECT_EQ(run_captured(options, Deadline::after(seconds(20))).standard_output.substr(0, 4), "grey");
  EXPECT_TRUE(run_captured(options, Deadline::after(seconds(20))).standard_output.ends_with("/proc\n"));
}

TEST(Subprocess, RedirectionsAppendAndMayShareAFile) {
  const auto file = std::filesystem::temp_directory_path() / concat("skein_subprocess_", getpid());
  SubprocessOptions options = shell("echo out; echo err >&2");
  options.stdin_file = "/dev/null";
  options.stdout_file = options.stderr_file = file;
  for (int round = 0; round < 2; ++round) Subprocess(options).wait(Deadline::after(seconds(20)));
  EXPECT_EQ(contents(file), "out\nerr\nout\nerr\n");
  std::filesystem::remove(file);
}

TEST(Subprocess, WhatCannotBeStartedIsNamed) {
  try {
    Subprocess missing({.argv = {"no-such-program-here"}});
    FAIL() << "started";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("cannot start no-such-program-here: No such file"), std::string::npos);
  }
  EXPECT_THROW(Subprocess({.argv = {}}), UsageError);
  EXPECT_THROW(Subprocess({.argv = {"true"}, .working_directory = "/nowhere"}), ConfigError);
}

TEST(Subprocess, WaitReturnsAtItsDeadline) {
  Subprocess process(shell("sleep 20"));
  EXPECT_FALSE(process.wait(Deadline::after(milliseconds(30))));
  process.send_signal(SIGTERM);
  const auto status = process.wait(Deadline::after(seconds(20)));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->signal_number, SIGTERM);
  process.send_signal(SIGTERM);  // to nobody
  EXPECT_EQ(process.wait(Deadline::after(milliseconds(0)))->signal_number, SIGTERM);
}

TEST(Subprocess, RunCapturedKillsWhatIsLate) {
  EXPECT_THROW(run_captured(shell("exec sleep 20"), Deadline::after(milliseconds(30))), TimeoutError);
}

TEST(Subprocess, IsKilledAndReapedWhenItsOwnerGoes) {
  pid_t pid = 0;
  {
    Subprocess process(shell("exec sleep 20"));
    pid = process.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(Subprocess, InheritsNoDescriptorsAndNoSignalMask) {
  const int leaked = open("/dev/null", O_RDONLY);  // on purpose without O_CLOEXEC
  const auto handler_before = std::signal(SIGUSR2, SIG_IGN);
  sigset_t all, mask_before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &mask_before);
  const CapturedRun run = run_shell("ls /proc/self/fd | wc -l; sed -n 's/Sig\\(Blk\\|Ign\\):.//p' /proc/self/status");
  pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  std::signal(SIGUSR2, handler_before);
  close(leaked);
  std::istringstream out(run.standard_output);
  int num_descriptors = 0;
  std::uint64_t blocked = 0, ignored = 0;
  out >> num_descriptors >> std::hex >> blocked >> ignored;
  EXPECT_EQ(num_descriptors, 4) << "the fourth is ls's own";
  EXPECT_EQ(blocked, 0u);
  EXPECT_EQ(ignored & 0x7fffffff, 0u) << "apart from the two signals that glibc keeps to itself";
}

}  // namespace
}  // namespace skein
