// World with real processes: what ranks know of each other, and how a job ends when one of them fails or
// dies.

#include "runtime/process/world.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "runtime/process/text.h"
#include "tests/support/run_mpi.h"
#include "tests/support/temporary_directory.h"

namespace skein {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SKEIN_WORLD_PROGRAM);
  return arguments;
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// What lies in shared memory under a name; a job must not add to it.
std::vector<std::string> shared_memory_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) names.push_back(entry.path().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// False also for what has ended and only waits for its parent to ask.
bool is_running(pid_t pid) {
  const std::string stat = file_contents(concat("/proc/", pid, "/stat"));
  const auto end_of_name = stat.rfind(')');
  return end_of_name != std::string::npos && stat.find_first_of("ZX", end_of_name) != end_of_name + 2;
}

TEST(World, RanksKnowTheirPlaces) {
  const CapturedRun run = run_mpi({.num_ranks = 2, .program = program({"hello"})});
  ASSERT_TRUE(run.status.success()) << run.status.describe() << run.standard_error;
  const auto lines = sorted_lines(run.standard_output);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "rank 0 of 2, local 0 of 2, host 0, sum 2, Open MPI");
  EXPECT_EQ(lines[1], "rank 1 of 2, local 1 of 2, host 0, sum 2, Open MPI");
  EXPECT_EQ(run.standard_error, "");
}

TEST(World, RanksPerHostPretendsSeveralHosts) {
  const CapturedRun run =
      run_mpi({.num_ranks = 3, .program = program({"hello"}), .environment = {{"SKEIN_RANKS_PER_HOST", "2"}}});
  ASSERT_TRUE(run.status.success()) << run.standard_error;
  const auto lines = sorted_lines(run.standard_output);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], "rank 1 of 3, local 1 of 2, host 0, sum 3, Open MPI");
  EXPECT_EQ(lines[2], "rank 2 of 3, local 0 of 1, host 1, sum 3, Open MPI");
}

TEST(World, RanksPerHostMustBeANumber) {
  const CapturedRun run =
      run_mpi({.num_ranks = 2, .program = program({"hello"}), .environment = {{"SKEIN_RANKS_PER_HOST", "many"}}});
  EXPECT_EQ(run.status.code, 3);
  EXPECT_NE(run.standard_error.find("SKEIN_RANKS_PER_HOST='many'"), std::string::npos) << run.standard_error;
}

TEST(World, IsOneRankWithoutALauncher) {
  SubprocessOptions options{.argv = program({"hello"}), .environment = environment_without_launcher()};
  const CapturedRun run = run_captured(options, Deadline::after(seconds(30)));
  ASSERT_TRUE(run.status.success()) << run.standard_error;
  EXPECT_EQ(run.standard_output, "rank 0 of 1, local 0 of 1, host 0, sum 1, Open MPI\n");
}

TEST(World, RefusesToBeOneOfManySeparateSingleRanks) {
  SubprocessOptions options{
      .argv = program({"hello"}),
      .environment = environment_without_launcher({{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}})};
  const CapturedRun run = run_captured(options, Deadline::after(seconds(30)));
  EXPECT_EQ(run.status.code, 3) << run.status.describe();
  EXPECT_NE(run.standard_error.find("started 4 tasks"), std::string::npos) << run.standard_error;
  EXPECT_NE(run.standard_error.find("--mpi=pmix"), std::string::npos) << run.standard_error;
  EXPECT_EQ(run.standard_output, "");
}

TEST(World, AnExceptionInOneRankEndsTheJobWithItsExitCode) {
  const TemporaryDirectory directory;
  const auto start = Clock::now();
  const CapturedRun run = run_mpi({.num_ranks = 3, .program = program({"fail", directory.path()})});
  EXPECT_LT(Clock::now() - start, seconds(10));
  EXPECT_EQ(run.status.code, 4) << run.status.describe() << run.standard_error;
  EXPECT_NE(run.standard_error.find("[rank 1] picture 17 is torn"), std::string::npos) << run.standard_error;
  EXPECT_NE(run.standard_error.find("remedy: look at picture 17"), std::string::npos) << run.standard_error;
  const auto report = nlohmann::json::parse(file_contents(directory.path() / "rank_0001.json"));
  EXPECT_EQ(report["error"]["kind"], "DataError");
  EXPECT_EQ(report["calls"][0]["name"], "one");
}

/// A job whose rank 1 is killed by the test.
class KilledJob {
 public:
  explicit KilledJob(const std::string& others_do) : files_before_(shared_memory_files()), job_(options(others_do)) {}

  void kill_rank_1() {
    for (int rank = 0; rank < kNumRanks; ++rank) pids_.push_back(wait_for_pid(rank));
    std::this_thread::sleep_for(milliseconds(300));  // so that the others are where they should be
    killed_at_ = std::chrono::system_clock::now();
    kill(pids_[1], SIGKILL);
    const auto start = Clock::now();
    status_ = job_.wait(Deadline::after(seconds(20)));
    ended_after_ = Clock::now() - start;
  }

  void check_end() const {
    ASSERT_TRUE(status_) << "the job did not end";
    EXPECT_FALSE(status_->success());
    EXPECT_LT(ended_after_, milliseconds(2500));
    for (pid_t pid : pids_) EXPECT_FALSE(is_running(pid)) << "process " << pid << " is still there";
    EXPECT_EQ(shared_memory_files(), files_before_);
  }

  void check_traces_of(int rank) const {
    const std::string log = file_contents(directory_.path() / concat("rank_", rank, ".log"));
    EXPECT_NE(log.find(concat("rank 1 (pid ", pids_[1], ") ended unexpectedly")), std::string::npos)
        << "log of rank " << rank << ": " << log;
    const auto path = directory_.path() / concat("rank_000", rank, ".json");
    const auto report = nlohmann::json::parse(file_contents(path), nullptr, /*allow_exceptions=*/false);
    ASSERT_FALSE(report.is_discarded()) << "no post-mortem of rank " << rank;
    EXPECT_EQ(report["error"]["kind"], "PeerLost");
    EXPECT_EQ(report["calls"][0]["name"], "one");
    struct stat written {};
    ASSERT_EQ(stat(path.c_str(), &written), 0);
    const double written_at = static_cast<double>(written.st_mtim.tv_sec) + 1e-9 * written.st_mtim.tv_nsec;
    const double delay = written_at - std::chrono::duration<double>(killed_at_.time_since_epoch()).count();
    RecordProperty(concat("post_mortem_ms_rank_", rank), static_cast<int>(delay * 1000));
    EXPECT_LT(delay, 0.8);
  }

  static constexpr int kNumRanks = 3;

 private:
  static void RecordProperty(const std::string& name, int value) { testing::Test::RecordProperty(name, value); }

  SubprocessOptions options(const std::string& others_do) const {
    SubprocessOptions options =
        mpirun({.num_ranks = kNumRanks, .program = program({"victim", directory_.path(), others_do})});
    options.stdout_file = options.stderr_file = directory_.path() / "output.txt";
    return options;
  }
  pid_t wait_for_pid(int rank) const {
    const Deadline deadline = Deadline::after(seconds(20));
    while (!deadline.expired()) {
      const std::string text = file_contents(directory_.path() / concat("rank_", rank, ".pid"));
      if (!text.empty()) return std::stoi(text);
      std::this_thread::sleep_for(milliseconds(5));
    }
    throw std::runtime_error(concat("rank ", rank, " never came: ", file_contents(directory_.path() / "output.txt")));
  }

  TemporaryDirectory directory_;
  std::vector<std::string> files_before_;
  Subprocess job_;
  std::vector<pid_t> pids_;
  std::chrono::system_clock::time_point killed_at_;
  std::optional<ExitStatus> status_;
  Clock::duration ended_after_{};
};

TEST(World, AKilledRankIsNamedByThoseWhoWaitForIt) {
  KilledJob job("wait");
  job.kill_rank_1();
  job.check_end();
  for (int rank : {0, 2}) job.check_traces_of(rank);
}

TEST(World, AKilledRankIsNamedByThoseWhoCompute) {
  KilledJob job("compute");
  job.kill_rank_1();
  job.check_end();
  for (int rank : {0, 2}) job.check_traces_of(rank);
}

TEST(World, IdleThreadsUseNoTime) {
  constexpr int kSeconds = 3;
  const CapturedRun run = run_mpi({.num_ranks = 2, .program = program({"idle", std::to_string(kSeconds)})});
  ASSERT_TRUE(run.status.success()) << run.standard_error;
  std::istringstream lines(run.standard_output);
  long skein_nanoseconds = 0;
  int num_skein_threads = 0;
  std::string word, name, tid;
  for (long nanoseconds = 0; lines >> word >> name >> tid >> nanoseconds >> word;) {
    if (!name.starts_with("skein-")) continue;
    skein_nanoseconds += nanoseconds;
    ++num_skein_threads;
  }
  EXPECT_EQ(num_skein_threads, 2 * 3) << "a progress thread, a watch and a lifeline on each of two ranks:\n"
                                      << run.standard_output;
  EXPECT_LT(skein_nanoseconds, 2 * 1000000L * kSeconds) << run.standard_output;  // 1 ms a second and rank
}

}  // namespace
}  // namespace skein
