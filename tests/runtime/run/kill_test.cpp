// Killed at any instant, what was logged is there.

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <random>

#include "runtime/process/subprocess.h"
#include "runtime/run/hdf5_handle.h"
#include "runtime/run/run_directory.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr int kRounds = 25;

class Kill : public DirectoryTest {
 protected:
  int num_said(const fs::path& said) const {
    const std::string text = file_contents(said);
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  /// Starts a writer, waits until it says it has logged `num_values`, kills it `later`, and returns how many
  /// it had said by then.
  int run_and_kill(const std::string& id, int num_values, std::chrono::microseconds later) {
    const fs::path said = directory_ / (id + ".out");
    Subprocess writer({.argv = {RUN_WRITER, (directory_ / "runs").string(), id}, .stdout_file = said});
    const auto limit = Deadline::after(seconds(30));
    while (num_said(said) < num_values && !limit.expired()) usleep(500);
    EXPECT_FALSE(writer.wait(Deadline::after(later))) << "the writer ended by itself";
    writer.send_signal(SIGKILL);
    EXPECT_EQ(writer.wait(Deadline::after(seconds(20)))->signal_number, SIGKILL);
    return num_said(said);
  }

  static void expect_log(const RunDirectory& run, int num_said) {
    const MetricLogContents contents = run.metrics();
    EXPECT_EQ(contents.num_bad_lines, 0u);
    const auto series = contents.metrics.find("train/loss");
    const int num_found = series == contents.metrics.end() ? 0 : static_cast<int>(series->second.num_points());
    EXPECT_GE(num_found, num_said);
    EXPECT_LE(num_found, num_said + 1);
    for (int i = 0; i < num_found; ++i) ASSERT_EQ(series->second.steps[static_cast<std::size_t>(i)], i);
  }

  static void expect_readable_files(const fs::path& run) {
    EXPECT_TRUE(!fs::exists(run / "run.json") || nlohmann::json::accept(file_contents(run / "run.json")));
    if (!fs::exists(run / "metrics.h5")) return;
    const Hdf5Session session;
    const Hdf5Handle file(H5Fopen((run / "metrics.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    EXPECT_GE(file.get(), 0) << "metrics.h5 cannot be opened";
  }
};

TEST_F(Kill, AtRandomMomentsNothingLoggedIsLost) {
  std::mt19937 random(20260131);
  std::uniform_int_distribution<int> num_values(0, 100), microseconds(0, 20000);
  int num_with_metrics = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string id = concat("r", round);
    // Every third is killed while it starts.
    const int at_least = round % 3 == 0 ? 0 : num_values(random);
    const int num_said = run_and_kill(id, at_least, std::chrono::microseconds(microseconds(random)));
    const fs::path directory = directory_ / "runs" / "killed" / id;
    SCOPED_TRACE(concat("round ", round, ", ", num_said, " values"));
    if (!fs::exists(directory / "events.jsonl")) {
      EXPECT_EQ(num_said, 0);
      continue;
    }
    if (fs::file_size(directory / "events.jsonl") == 0) continue;
    const RunDirectory run(directory);
    expect_log(run, num_said);
    expect_readable_files(directory);
    const RunStatus status = run.status();
    EXPECT_EQ(status.state, RunState::kFailed) << status.reason;
    EXPECT_TRUE(status.inferred);
    EXPECT_NE(status.reason.find("is gone"), std::string::npos) << status.reason;
    num_with_metrics += fs::exists(directory / "metrics.h5");
  }
  EXPECT_GT(num_with_metrics, kRounds / 5) << "the rounds were too short to tell anything";
}

TEST_F(Kill, ALiveWriterIsSeenAlive) {
  Subprocess writer({.argv = {RUN_WRITER, (directory_ / "runs").string(), "r"}, .stdout_file = directory_ / "out"});
  const auto limit = Deadline::after(seconds(20));
  while (file_contents(directory_ / "out").empty() && !limit.expired()) usleep(1000);
  const RunDirectory run(directory_ / "runs" / "killed" / "r");
  EXPECT_EQ(run.status().state, RunState::kRunning);
  writer.send_signal(SIGKILL);
  writer.wait(limit);
  EXPECT_EQ(run.status().state, RunState::kFailed);
}

/// A real full disk: a small tmpfs in a mount namespace of its own.
TEST_F(Kill, ASmallDiskIsSaidWithTheRemedy) {
  const std::string script = "mount -t tmpfs -o size=40k none " + directory_.string() +
                             " || exit 77; exec " RUN_WRITER " " + directory_.string() + "/runs r";
  const CapturedRun run = run_captured({.argv = {"unshare", "-Urm", "sh", "-c", script}}, Deadline::after(seconds(20)));
  if (run.status.code == 77 || run.standard_error.find("unshare") != std::string::npos)
    GTEST_SKIP() << "this system allows no mount namespaces: " << run.standard_error;
  EXPECT_EQ(run.status.code, 3);
  EXPECT_NE(run.standard_error.find("No space left on device"), std::string::npos) << run.standard_error;
  EXPECT_NE(run.standard_error.find("remedy: free some space"), std::string::npos) << run.standard_error;
  EXPECT_EQ(run.standard_output, "") << "it must say so before it logs anything";
}

}  // namespace
}  // namespace skein
