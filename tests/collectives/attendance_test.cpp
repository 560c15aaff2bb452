// Ranks as threads that wait in pretended calls: who warns, of what, and how often.

#include "collectives/attendance.h"

#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "tests/support/directory_test.h"
#include "tests/support/run_lifelines.h"

namespace skein {
namespace {

using namespace std::chrono_literals;

constexpr auto kWarnAfter = 300ms;

/// A job whose ranks are in the calls that the test says.
class Job {
 public:
  explicit Job(const std::vector<int>& layout)
      : topology_(Topology::of(layout)), ranks_(lifeline_ranks(topology_)), calls_(topology_.world_size()) {
    for (int rank = 0; rank < topology_.world_size(); ++rank)
      attendances_.push_back(std::make_unique<Attendance>(
          ranks_[rank]->lifeline(), [this, rank] { return calls_of(rank); }, kWarnAfter));
  }
  ~Job() {
    attendances_.clear();
    leave_all(ranks_);
  }

  void enter(int rank, std::uint64_t sequence) { set(rank, sequence, /*finished=*/false); }
  void finish(int rank, std::uint64_t sequence) { set(rank, sequence, /*finished=*/true); }
  void enter_elsewhere(int rank) {
    std::lock_guard lock(mutex_);
    calls_[rank].push_back({.communicator = "world/1", .ranks = {rank}, .sequence = 5, .text = "barrier #5",
                            .begun = Clock::now()});
  }
  Attendance& attendance(int rank) { return *attendances_[rank]; }
  LifelineRank& rank(int rank) { return *ranks_[rank]; }

 private:
  std::vector<LastCall> calls_of(int rank) {
    std::lock_guard lock(mutex_);
    return calls_[rank];
  }
  void set(int rank, std::uint64_t sequence, bool finished) {
    std::vector<int> all;
    for (int other = 0; other < topology_.world_size(); ++other) all.push_back(other);
    std::lock_guard lock(mutex_);
    calls_[rank] = {{.communicator = "world", .ranks = all, .sequence = sequence, .text = concat("allreduce #", sequence),
                     .finished = finished, .begun = Clock::now()}};
  }

  Topology topology_;
  std::vector<std::unique_ptr<LifelineRank>> ranks_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::vector<LastCall>> calls_;
  std::vector<std::unique_ptr<Attendance>> attendances_;
};

/// All ranks of the process log into one file.
class AttendanceTest : public DirectoryTest {
 protected:
  AttendanceTest() {
    LogOptions options;
    options.file = file_;
    options.stderr_level = LogLevel::kError;
    configure_log(options);
  }
  std::vector<std::string> warnings() const {
    flush_log();
    std::istringstream in(file_contents(file_));
    std::vector<std::string> found;
    for (std::string line; std::getline(in, line);)
      if (const auto at = line.find("allreduce"); at != std::string::npos && line.find("waiting") != std::string::npos)
        found.push_back(line.substr(line.find("] ") + 2));
    return found;
  }
  const std::filesystem::path file_ = directory_ / "log";
};

TEST_F(AttendanceTest, OneRankWarnsForAllAndLessOftenAsTimeGoesOn) {
  Job job({3, 2});
  for (int rank : {0, 1, 2, 4}) job.enter(rank, 7);
  job.finish(3, 6);
  std::this_thread::sleep_for(1500ms);
  const auto lines = warnings();
  ASSERT_EQ(lines.size(), 3u) << "after 0.3, 0.6 and 1.2 s";
  for (const std::string& line : lines) {
    EXPECT_TRUE(line.starts_with("rank 3 (host1) has not entered allreduce #7; waiting ")) << line;
    EXPECT_TRUE(line.ends_with("; entered: ranks 0-2, 4")) << line;
  }
}

TEST_F(AttendanceTest, CallsThatGoOnAreNotTold) {
  Job job({2});
  for (std::uint64_t sequence = 0; sequence < 10; ++sequence) {
    for (int rank : {0, 1}) job.enter(rank, sequence);
    std::this_thread::sleep_for(100ms);
  }
  for (int rank : {0, 1}) job.finish(rank, 10);
  std::this_thread::sleep_for(500ms);
  EXPECT_TRUE(warnings().empty()) << warnings()[0];
}

TEST_F(AttendanceTest, TellsOfRanksThatDoNotEvenHaveTheCommunicator) {
  Job job({2});
  job.enter(0, 7);
  std::this_thread::sleep_for(500ms);
  ASSERT_EQ(warnings().size(), 1u);
  EXPECT_TRUE(warnings()[0].starts_with("rank 1 [has not made this communicator] has not entered allreduce #7; "))
      << warnings()[0];
}

TEST_F(AttendanceTest, AnErrorNamesTheMissingOnAllRanksAtOnce) {
  Job job({2, 2});
  for (int rank : {0, 1, 3}) job.enter(rank, 7);
  job.finish(2, 6);
  job.enter_elsewhere(2);
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (int rank : {0, 1, 3}) threads.emplace_back([&, rank] { texts[rank] = job.attendance(rank).explain_timeout("world"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(Clock::now() - begin, 450ms) << "nobody had to be waited for";
  for (int rank : {0, 1, 3}) {
    EXPECT_TRUE(texts[rank].starts_with("timed out in allreduce #7 after 0")) << texts[rank];
    EXPECT_TRUE(texts[rank].ends_with(
        ": missing rank 2 (host1) [waits in barrier #5 of world/1]; entered: ranks 0-1, 3"))
        << texts[rank];
  }
  EXPECT_EQ(job.attendance(0).explain_timeout("world/1"), "") << "no call of this rank";
}

TEST_F(AttendanceTest, AnswersOfAShortWhileAgoServeTheNextToAsk) {
  Job job({3});
  for (int rank : {0, 1}) job.enter(rank, 7);
  for (int i = 0; i < 12; ++i) {  // beyond the time for which answers are not repeated
    const std::string text = job.attendance(i % 2).explain_timeout("world");
    EXPECT_TRUE(text.ends_with("missing rank 2 [has not made this communicator]; entered: ranks 0-1")) << text;
    std::this_thread::sleep_for(150ms);
  }
}

}  // namespace
}  // namespace skein
