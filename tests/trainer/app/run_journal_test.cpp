#include "trainer/run_journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/temporary_directory.h"

namespace skein {
namespace {

class RunJournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RunOptions options;
    options.runs_dir = directory_.path();
    options.run_id = "r";
    journal_.set_post_mortems(run_directory() / "post-mortem");
    journal_.adopt(std::make_unique<skein::Run>(options, nlohmann::json::object()));
  }
  std::filesystem::path run_directory() const { return directory_.path() / "default" / "r"; }
  void write_post_mortem(int rank, double time, const std::string& kind, const std::string& message) {
    std::filesystem::create_directories(run_directory() / "post-mortem");
    std::ofstream(run_directory() / "post-mortem" / ("rank_" + std::to_string(rank) + ".json"))
        << nlohmann::json{{"rank", rank}, {"time", time}, {"error", {{"kind", kind}, {"message", message}}}};
  }
  nlohmann::json last_state() const {
    return nlohmann::json::parse(file_contents(run_directory() / "run.json")).at("state_history").back();
  }

  TemporaryDirectory directory_;
  RunJournal journal_;
};

TEST_F(RunJournalTest, TheReasonOfAFailureIsItsFirstCause) {
  write_post_mortem(0, 10, "PeerLost", "rank 2 is gone");
  write_post_mortem(2, 9, "DataError", "cannot read x.png");
  write_post_mortem(3, 9.5, "DataError", "cannot read y.png");
  journal_.fail("rank 2 is gone");
  EXPECT_EQ(last_state().at("state"), "Failed");
  EXPECT_EQ(last_state().at("reason"), "rank 2: DataError: cannot read x.png");
}

TEST_F(RunJournalTest, WithoutACauseTheReasonIsOnesOwn) {
  write_post_mortem(0, 10, "PeerLost", "rank 2 is gone");
  journal_.fail("rank 2 is gone");
  EXPECT_EQ(last_state().at("reason"), "rank 2 is gone");
}

TEST_F(RunJournalTest, ASignalThatFollowsAFailureIsNoCancellation) {
  write_post_mortem(1, 9, "DataError", "cannot read x.png");
  journal_.cancel("canceled by SIGTERM");
  EXPECT_EQ(last_state().at("state"), "Failed");
}

TEST_F(RunJournalTest, ASignalThatFollowsALossIsNoCancellation) {
  write_post_mortem(3, 9, "PeerLost", "rank 2 is gone");
  write_post_mortem(1, 10, "Canceled", "canceled by SIGTERM");  // mpirun's answer
  journal_.cancel("canceled by SIGTERM");
  EXPECT_EQ(last_state().at("state"), "Failed");
  EXPECT_EQ(last_state().at("reason"), "rank 3: PeerLost: rank 2 is gone");
}

TEST_F(RunJournalTest, ToMissACanceledRankIsNoFailure) {
  write_post_mortem(1, 9, "Canceled", "canceled by SIGTERM");
  write_post_mortem(0, 10, "PeerLost", "rank 1 is gone");
  journal_.fail("rank 1 is gone");
  EXPECT_EQ(last_state().at("state"), "Canceled");
  EXPECT_EQ(last_state().at("reason"), "rank 1: Canceled: canceled by SIGTERM");
}

TEST_F(RunJournalTest, NothingIsWrittenAfterTheEnd) {
  journal_.cancel("canceled by SIGTERM");
  journal_.fail("too late");
  journal_.enter(RunState::kRunning);
  journal_.log("loss", 1, 1, 0);
  journal_.complete();
  EXPECT_EQ(last_state().at("state"), "Canceled");
  EXPECT_EQ(last_state().at("reason"), "canceled by SIGTERM");
}

}  // namespace
}  // namespace skein
