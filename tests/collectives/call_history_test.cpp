// What is kept of the calls of several communicators, and of what happened in them.

#include "collectives/call_history.h"

#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "collectives/host_communicator.h"
#include "runtime/process/error.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

/// What each rank keeps of `body`, by rank; failures of the body are its own affair.
struct Histories {
  Histories(const std::vector<int>& local_sizes, const std::function<void(HostCommunicator&)>& body) {
    run_rank_threads(local_sizes, [&](RankContext& rank) {
      const auto history = std::make_shared<CallHistory>();
      {
        HostCommunicator communicator(std::move(rank.transport), rank.topology, rank.health, nullptr, std::nullopt,
                                      history->of_world(rank.topology.world_size()));
        body(communicator);
      }
      std::lock_guard lock(mutex);
      calls[rank.rank] = history->calls();
      communicators[rank.rank] = history->communicators();
    });
  }
  std::mutex mutex;
  std::map<int, json> calls;
  std::map<int, json> communicators;
};

TEST(CallHistory, NamesSplitsAlikeOnAllTheirRanks) {
  Histories histories({2, 2}, [](HostCommunicator& world) {
    world.barrier("first");
    if (world.rank() == 1) return;
    for (int i = 0; i < 2; ++i) {
      const auto some = world.split({2, 3, 0});
      some->barrier("in a split");
      if (world.rank() != 2) some->split({1, 2})->barrier("in a split of a split");
    }
  });
  std::vector<std::string> of_rank_3;
  for (const json& call : histories.calls[3]) of_rank_3.push_back(call.at("communicator"));
  EXPECT_EQ(of_rank_3, (std::vector<std::string>{"world", "world/2-3,0", "world/2-3,0", "world/2-3,0/1-2", "world/2-3,0/1-2",
                                                 "world/2-3,0#2", "world/2-3,0#2", "world/2-3,0#2/1-2", "world/2-3,0#2/1-2"}))
      << "the split itself is a communicator's first call";
  EXPECT_EQ(histories.communicators[3], histories.communicators[0]);
  EXPECT_EQ(histories.communicators[1].size(), 1u);
  const json& inner = histories.communicators[0][2];
  EXPECT_EQ(inner["name"], "world/2-3,0/1-2");
  EXPECT_EQ(inner["ranks"], json({3, 0})) << "of the world";
  EXPECT_EQ(inner["num_calls"], 2);
  EXPECT_EQ(inner["ended"], true);
}

TEST(CallHistory, ForgetsWhatHasLongEndedAndNeverWhatHasNot) {
  const auto history = std::make_shared<CallHistory>();
  const Recording world = history->of_world(2);
  const Recording kept = world.of_split({1});
  for (std::size_t i = 0; i < 3 * CallHistory::kNumEnded; ++i) world.of_split({0, 1});
  const json communicators = history->communicators();
  EXPECT_LE(communicators.size(), CallHistory::kNumEnded + 3);
  EXPECT_EQ(communicators[0]["name"], "world");
  EXPECT_EQ(communicators[1]["name"], "world/1");
  EXPECT_EQ(communicators[1]["ended"], false);
  EXPECT_EQ(communicators.back()["name"], "world/0-1#48");
  EXPECT_EQ(history->of_world(2).recorder().num_started(), 0u);
  EXPECT_EQ(history->communicators().back()["name"], "world#2");
}

class WaitingTest : public ::testing::TestWithParam<std::vector<int>> {};
INSTANTIATE_TEST_SUITE_P(Hosts, WaitingTest, ::testing::Values(std::vector<int>{2}, std::vector<int>{1, 1}));

TEST_P(WaitingTest, ShowsWhoWasLate) {
  Histories histories(GetParam(), [](HostCommunicator& communicator) {
    communicator.barrier();
    if (communicator.rank() == 1) std::this_thread::sleep_for(milliseconds(200));
    float value = 1;
    communicator.allreduce({&value, 1, DType::kFloat32});
  });
  const auto waited_ms = [&](int rank) {
    const json& call = histories.calls[rank].at(1);
    EXPECT_LE(call["met_ns"], call["finished_ns"]);
    return (call["met_ns"].get<std::int64_t>() - call["begun_ns"].get<std::int64_t>()) / 1'000'000;
  };
  EXPECT_GE(waited_ms(0), 150);
  EXPECT_LT(waited_ms(1), 150);
  EXPECT_EQ(histories.calls[0][1]["digest"], histories.calls[1][1]["digest"]);
}

TEST_P(WaitingTest, ThoseWhoDisagreeHaveMet) {
  Histories histories(GetParam(), [](HostCommunicator& communicator) {
    float value = 1;
    const Buffer buffer{&value, 1, DType::kFloat32};
    EXPECT_THROW(communicator.allreduce(buffer, ReduceOp::kSum, communicator.rank() == 0 ? "weights" : "bias"),
                 MismatchError);
  });
  for (int rank = 0; rank < 2; ++rank) {
    const json& call = histories.calls[rank].at(0);
    EXPECT_TRUE(call.contains("met_ns"));
    EXPECT_FALSE(call.contains("finished_ns"));
  }
  EXPECT_NE(histories.calls[0][0]["digest"], histories.calls[1][0]["digest"]);
}

TEST_P(WaitingTest, QueueingIsNotWaiting) {
  Histories histories(GetParam(), [](HostCommunicator& communicator) {
    communicator.barrier();
    float first = 1, second = 2, third = 3;
    if (communicator.rank() == 1) std::this_thread::sleep_for(milliseconds(200));
    communicator.allreduce_async({&first, 1, DType::kFloat32});
    communicator.allreduce_async({&second, 1, DType::kFloat32});
    communicator.allreduce({&third, 1, DType::kFloat32});  // behind the others, which it waits for
  });
  for (int number : {2, 3}) {
    const json& call = histories.calls[0].at(number);
    EXPECT_GE(call["begun_ns"].get<std::int64_t>() - call["asked_ns"].get<std::int64_t>(), 150'000'000) << number;
  }
}

}  // namespace
}  // namespace skein
