// bin/skein as a user calls it.

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "runtime/process/environment.h"
#include "runtime/process/subprocess.h"
#include "runtime/run/run.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class SkeinProgram : public DirectoryTest {
 protected:
  /// mpirun refuses root without these; containers' test users are root.
  static std::map<std::string, std::string> environment() {
    auto variables = full_environment();
    variables["OMPI_ALLOW_RUN_AS_ROOT"] = variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
    return variables;
  }
  SubprocessOptions command(std::vector<std::string> words) const {
    words.insert(words.begin(), SKEIN_PROGRAM);
    return {.argv = words, .environment = environment(), .working_directory = directory_};
  }
  CapturedRun skein(const std::vector<std::string>& words) const {
    return run_captured(command(words), Deadline::after(seconds(60)));
  }
  /// Presses Ctrl-C each time that the program has written "ready".
  ExitStatus interrupted_on_terminal(const std::string& script, int num_presses, const fs::path& out) const {
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    grantpt(terminal);
    unlockpt(terminal);
    SubprocessOptions options = command({"run", "-np", "2", "--oversubscribe", "--", "sh", "-c", script});
    options.argv.insert(options.argv.begin(), {"setsid", "--ctty"});
    options.stdin_file = ptsname(terminal);
    options.stdout_file = options.stderr_file = out;
    Subprocess job(options);
    const auto limit = Deadline::after(seconds(30));
    for (int press = 1; press <= num_presses; ++press) {
      const auto num_ready = [&] {
        const std::string text = file_contents(out);
        std::size_t count = 0;
        for (auto at = text.find("ready\n"); at != std::string::npos; at = text.find("ready\n", at + 1)) ++count;
        return count;
      };
      while (num_ready() < 2u * press && !limit.expired()) usleep(5000);
      EXPECT_EQ(write(terminal, "\003", 1), 1);
    }
    const auto status = job.wait(limit);
    close(terminal);
    EXPECT_TRUE(status) << "still running: " << file_contents(out);
    return status.value_or(ExitStatus{});
  }
  void make_run(const std::string& experiment, const std::string& id) const {
    skein::Run run(
        {.runs_dir = directory_ / "runs", .experiment = experiment, .run_id = id},
        {{"command", {"trainer", "--data path", "x"}}, {"parameters", {{"lr", 0.1}, {"model", "resnet18"}}}});
    run.log("val/accuracy", 0.75, 10, 1);
    run.describe("val/accuracy", {"%", "maximize"});
    run.tag("study", "birds");
    run.note("first try");
    run.complete();
  }
};

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin:\n" << text;
}

TEST_F(SkeinProgram, HelpAndVersion) {
  EXPECT_EQ(skein({"--version"}).standard_output, "skein " SKEIN_VERSION "\n");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--help"}, {"runs", "ls", "--help"}, {"runs", "show", "-h"}, {"run", "--help"}, {"tune", "--help"}, {"report", "--help"}}) {
    const CapturedRun help = skein(words);
    EXPECT_EQ(help.status.code, 0);
    EXPECT_TRUE(help.standard_output.starts_with("Usage: skein"));
    EXPECT_EQ(help.standard_error, "");
  }
}

TEST_F(SkeinProgram, RunsLs) {
  make_run("birds", "20260101-a");
  make_run("other", "20260102-b");
  const std::string all = skein({"runs", "ls"}).standard_output;
  expect_contains(all, "20260101-a  birds       Completed");
  expect_contains(all, "val/accuracy 0.75");
  expect_contains(all, "20260102-b  other");
  const auto json = nlohmann::json::parse(skein({"runs", "ls", "--json", "--experiment", "other"}).standard_output);
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0].at("run_id"), "20260102-b");
  EXPECT_EQ(json[0].at("state"), "Completed");
}

TEST_F(SkeinProgram, RunsLsShowsDamagedRunsAndGoesOn) {
  make_run("birds", "20260101-a");
  write_text(directory_ / "runs" / "birds" / "20260100" / "run.json", "{");
  const CapturedRun list = skein({"runs", "ls"});
  EXPECT_EQ(list.status.code, 0);
  expect_contains(list.standard_output, "20260100    birds       Unknown");
  expect_contains(list.standard_output, "20260101-a  birds       Completed");
}

TEST_F(SkeinProgram, RunsShow) {
  make_run("birds", "20260101-a");
  const std::string page = skein({"runs", "show", "2026"}).standard_output;
  for (const char* part : {"20260101-a", "Completed", "trainer '--data path' x", "lr     0.1", "study  birds",
                           "first try", "val/accuracy  0.75 %  at step 10, epoch 2; 1 values", "training_curve.svg"})
    expect_contains(page, part);
  const auto json = nlohmann::json::parse(skein({"runs", "show", "20260101-a", "--json"}).standard_output);
  EXPECT_EQ(json.at("parameters").at("model"), "resnet18");
  EXPECT_EQ(json.at("output_files"), (nlohmann::json{"training_curve.png", "training_curve.svg"}));
}

TEST_F(SkeinProgram, WrongInputHasItsExitCodeAndRemedy) {
  make_run("birds", "20260101-a");
  make_run("birds", "20260101-b");
  struct Case {
    std::vector<std::string> words;
    int code;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{"rnus", "ls"}, 2, "no command 'rnus'; did you mean 'runs'?"},
      {{"runs", "show"}, 2, "ID is missing"},
      {{"runs", "show", "2026"}, 2, "means 2 runs"},
      {{"runs", "show", "zzz"}, 2, "no run 'zzz'"},
      {{"runs", "ls", "--runs-dir", "nowhere"}, 4, "cannot read nowhere"},
      {{"runs", "ls", "--jsno"}, 2, "did you mean '--json'?"},
      {{"run", "--", "true"}, 2, "how many ranks?"},
      {{"run", "-np", "2", "--hostfile", "nowhere", "--", "true"}, 3, "cannot read the hostfile nowhere"},
      {{"run", "-np", "2", "-H", "a", "--hostfile", "b", "--", "true"}, 2, "both --host and --hostfile"},
      {{"run", "-np", "two", "--", "true"}, 2, "--num-ranks: 'two' is not an integer"},
      {{"run", "-np", "2", "--", "no-such-program"}, 2, "no program 'no-such-program'"},
      {{"run", "-np", "2"}, 2, "no program to run"},
      {{"tune"}, 2, "how many ranks?"},
      {{"tune", "-np", "2", "--repeats", "0"}, 2, "--repeats"},
  };
  for (const Case& wrong : cases) {
    const CapturedRun run = skein(wrong.words);
    EXPECT_EQ(run.status.code, wrong.code) << wrong.message;
    expect_contains(run.standard_error, wrong.message);
    EXPECT_EQ(run.standard_output, "") << wrong.message;
  }
}

TEST_F(SkeinProgram, RunStartsRanks) {
  const CapturedRun run = skein({"run", "-np", "2", "-x", "GREETING=hi, you", "--", "sh", "-c",
                                 "echo $GREETING from $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE"});
  EXPECT_EQ(run.status.code, 0) << run.standard_error;
  expect_contains(run.standard_output, "hi, you from 0 of 2\n");
  expect_contains(run.standard_output, "hi, you from 1 of 2\n");
}

TEST_F(SkeinProgram, RunReturnsTheJobsExitCode) {
  const CapturedRun run = skein({"run", "-np", "2", "--", "sh", "-c", "exit 85"});
  EXPECT_EQ(run.status.code, 85) << run.standard_error;
  expect_contains(run.standard_error, "skein run: the job ended with exit code 85");
}

TEST_F(SkeinProgram, RunNamesAHostThatHasNoAddress) {
  const CapturedRun run = skein({"run", "-np", "2", "-H", "localhost:1,nosuchhost.invalid:1", "--", "true"});
  EXPECT_FALSE(run.status.success());
  expect_contains(run.standard_error, "skein run: this machine finds no address for the host 'nosuchhost.invalid'\n"
                                      "  remedy: correct the name in --host");
  EXPECT_EQ(run.standard_error.find("host 'localhost'"), std::string::npos) << run.standard_error;
}

TEST_F(SkeinProgram, RunFillsTheSlotsOfAHostfile) {
  write_text(directory_ / "hosts", "localhost slots=3\n");
  const CapturedRun run = skein({"run", "--hostfile", "hosts", "--", "sh", "-c", "echo rank"});
  EXPECT_EQ(run.standard_output, "rank\nrank\nrank\n") << run.standard_error;
}

TEST_F(SkeinProgram, DryRunStartsNothing) {
  const CapturedRun run = skein({"run", "-np", "2", "--dry-run", "--", "touch", "started"});
  EXPECT_EQ(run.standard_output.substr(0, 30), "mpirun -np 2 -H localhost:2 --");
  EXPECT_FALSE(fs::exists(directory_ / "started"));
}

TEST_F(SkeinProgram, TuneStartsItsProgramWhereAsked) {
  const CapturedRun run = skein({"tune", "-H", "a:2,b:1", "--dry-run", "-o", "x.json", "--repeats", "3"});
  expect_contains(run.standard_output, "mpirun -np 3 -H a:2,b:1 --");
  expect_contains(run.standard_output, "/tune_links --output x.json --repeats 3 --max-bytes 4194304\n");
}

TEST_F(SkeinProgram, Usr2ReachesAllRanks) {
  const fs::path out = directory_ / "out";
  SubprocessOptions options =
      command({"run", "-np", "2", "--", "sh", "-c",
               "trap 'echo got; exit 7' USR2; echo ready; for i in $(seq 1000); do sleep 0.02; done"});
  options.stdout_file = out;
  Subprocess job(options);
  const auto limit = Deadline::after(seconds(30));
  while (file_contents(out) != "ready\nready\n" && !limit.expired()) usleep(5000);
  job.send_signal(SIGUSR2);
  const auto status = job.wait(limit);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 7);
  expect_contains(file_contents(out), "got\n");
}

TEST_F(SkeinProgram, TermEndsTheJob) {
  const fs::path out = directory_ / "out";
  SubprocessOptions options = command({"run", "-np", "1", "--", "sh", "-c", "echo $$; exec sleep 60"});
  options.stdout_file = out;
  Subprocess job(options);
  const auto limit = Deadline::after(seconds(30));
  while (file_contents(out).empty() && !limit.expired()) usleep(5000);
  job.send_signal(SIGTERM);
  const auto status = job.wait(limit);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->shell_code(), 128 + SIGTERM);
  const fs::path rank = "/proc/" + std::to_string(std::stoi(file_contents(out)));
  const auto is_gone = [&] {
    return !fs::exists(rank) || file_contents(rank / "stat").find(") Z ") != std::string::npos;
  };
  while (!is_gone() && !limit.expired()) usleep(5000);
  EXPECT_TRUE(is_gone()) << "the rank still runs";
}

TEST_F(SkeinProgram, CtrlCAsksRanksThatHandleItToSave) {
  if (!fs::exists("/dev/ptmx") || fs::is_empty("/dev/pts")) GTEST_SKIP() << "there are no pseudo-terminals here";
  const std::string wait = "; for i in $(seq 1000); do sleep 0.02; done";
  const fs::path saves = directory_ / "saves";
  EXPECT_EQ(interrupted_on_terminal("trap 'echo saved; exit 85' USR2; echo ready" + wait, 1, saves).code, 85);
  expect_contains(file_contents(saves), "saved\n");
  expect_contains(file_contents(saves), "Ctrl-C again");
  const fs::path insists = directory_ / "insists";
  EXPECT_EQ(interrupted_on_terminal("trap 'echo ready' USR2; echo ready" + wait, 2, insists).shell_code(), 128 + SIGINT)
      << file_contents(insists);
  const fs::path cannot = directory_ / "cannot";
  EXPECT_EQ(interrupted_on_terminal("echo ready" + wait, 1, cannot).shell_code(), 128 + SIGINT) << file_contents(cannot);
  EXPECT_EQ(file_contents(cannot).find("Ctrl-C again"), std::string::npos);
}

TEST_F(SkeinProgram, BecomesItsSiblings) {
  fs::copy_file(SKEIN_PROGRAM, directory_ / "skein");
  write_text(directory_ / "skein-greet", "#!/bin/sh\necho \"$0|$#|$1|$$\"\nexit 4\n");
  fs::permissions(directory_ / "skein-greet", fs::perms::owner_all);
  Subprocess process(
      {.argv = {(directory_ / "skein").string(), "greet", "a b", "--help"}, .stdout_file = directory_ / "out"});
  EXPECT_EQ(process.wait(Deadline::after(seconds(20)))->code, 4);
  EXPECT_EQ(file_contents(directory_ / "out"),
            concat((directory_ / "skein-greet").string(), "|2|a b|", process.pid(), "\n"));
}

}  // namespace
}  // namespace skein
