// HostCommunicator when the link between hosts goes wrong.

#include "collectives/host_communicator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/faulty_transport.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

/// Two hosts of one rank; rank 0's transfer number `nth` fails. Calls `body` on rank 0 and lets rank 1
/// follow.
void with_broken_link(int nth, const std::function<void(HostCommunicator&)>& body) {
  run_rank_threads({1, 1}, [&](RankContext& rank) {
    if (rank.rank == 0)
      rank.transport = make_faulty(std::move(rank.transport), {.kind = Fault::Kind::kFail, .nth = nth});
    HostCommunicator communicator(std::move(rank.transport), rank.topology, rank.health);
    if (rank.rank == 0) return body(communicator);
    std::vector<float> values(100000);
    const Buffer buffer{values.data(), values.size(), DType::kFloat32};
    try {
      communicator.run({Operation::kAllreduce, buffer, buffer}, Deadline::after(std::chrono::milliseconds(500)));
    } catch (const TimeoutError&) {  // rank 0 has given up
    }
  });
}

TEST(HostCommunicator, AFailureOfTheLinkSticks) {
  for (int nth : {0, 1, 3, 4})
    with_broken_link(nth, [](HostCommunicator& communicator) {
      std::vector<float> values(100000);
      const Buffer buffer{values.data(), values.size(), DType::kFloat32};
      EXPECT_THROW_SAYING(communicator.allreduce(buffer), PeerLost, "the link to rank 1 broke");
      EXPECT_THROW_SAYING(communicator.barrier(), PeerLost, "the link to rank 1 broke");
      EXPECT_THROW_SAYING(communicator.allocate(100), PeerLost, "the link to rank 1 broke");
      EXPECT_THROW_SAYING(communicator.split({0, 1}), PeerLost, "the link to rank 1 broke");
      EXPECT_THROW_SAYING(communicator.allreduce_async(buffer).wait(), PeerLost, "the link to rank 1 broke");
    });
}

TEST(HostCommunicator, TheFlightRecorderTellsWhatHadNotFinished) {
  with_broken_link(0, [](HostCommunicator& communicator) {
    float value = 1;
    EXPECT_THROW(communicator.allreduce({&value, 1, DType::kFloat32}, ReduceOp::kMax, "loss"), PeerLost);
    const auto calls = communicator.flight_recorder()->to_json();
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0]["name"], "loss");
    EXPECT_FALSE(calls[0].contains("duration_us"));
  });
}

/// Sums, blocks and broadcasts of several lengths, by the algorithms that a profile of the links asks for.
void expect_right_values(Communicator& comm) {
  const auto n = static_cast<std::size_t>(comm.world_size());
  for (const std::size_t block : {1u, 3000u, 50000u}) {
    std::vector<std::int64_t> values(block * n, comm.rank() + 1);
    const Buffer all{values.data(), values.size(), DType::kInt64};
    comm.allreduce(all);
    EXPECT_EQ(values, std::vector<std::int64_t>(values.size(), n * (n + 1) / 2));
    std::vector<std::int64_t> own(block);
    comm.reduce_scatter(all, {own.data(), block, DType::kInt64});
    EXPECT_EQ(own, std::vector<std::int64_t>(block, n * n * (n + 1) / 2));
    own.assign(block, comm.rank());
    comm.allgather({own.data(), block, DType::kInt64}, all);
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<std::int64_t>(i / block));
    values.assign(values.size(), comm.rank());
    comm.broadcast(all, 1);
    EXPECT_EQ(values, std::vector<std::int64_t>(values.size(), 1));
  }
}

TEST(HostCommunicator, AProfileOfTheLinksChangesTheWayAndNotTheValues) {
  for (const LinkCosts& costs : {LinkCosts{10e-3, 1e-10, 1e-6}, LinkCosts{1e-6, 1e-6, 1e-7}}) {
    LinkProfile profile;
    profile.between_hosts = costs;
    run_rank_threads({2, 1, 1}, [&](RankContext& rank) {
      HostCommunicator communicator(std::move(rank.transport), rank.topology, rank.health, nullptr, profile);
      expect_right_values(communicator);
      expect_right_values(*communicator.split({3, 1, 0, 2}));
    });
  }
}

TEST(HostCommunicator, AnExceptionPassesACommunicatorWhoseCallsWaitForARank) {
  std::promise<void> over;
  run_rank_threads({1, 1}, [&](RankContext& rank) {
    if (rank.rank == 1) {  // never takes part
      HostCommunicator communicator(std::move(rank.transport), rank.topology, rank.health);
      ASSERT_EQ(over.get_future().wait_for(kRanksLimit / 2), std::future_status::ready);
      EXPECT_THROW_SAYING(communicator.barrier(), TimeoutError, "whose asynchronous calls had not completed");
      return;
    }
    std::vector<float> values(100000);
    const auto leave = [&] {
      HostCommunicator communicator(std::move(rank.transport), rank.topology, rank.health);
      const Work work = communicator.allreduce_async({values.data(), values.size(), DType::kFloat32});
      throw DataError("picture 17 is torn");
    };
    EXPECT_THROW_SAYING(leave(), DataError, "picture 17 is torn");
    over.set_value();
  });
}

/// Rank 1 of three lets the others wait.
TEST(HostCommunicator, ASplitGivesUpAtTheDeadline) {
  std::promise<void> given_up;
  std::atomic<int> num_waiting = 2;
  run_rank_threads({2, 1}, [&](RankContext& rank) {
    HostCommunicator communicator(std::move(rank.transport), rank.topology, rank.health, nullptr, {}, Recording(3),
                                  {.timeout = std::chrono::milliseconds(200)});
    if (rank.rank == 1) return given_up.get_future().wait();
    const auto begin = Clock::now();
    EXPECT_THROW_SAYING(communicator.split({0, 1, 2}), TimeoutError, "split of ranks 0-2: timed out");
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
    if (--num_waiting == 0) given_up.set_value();
  });
}

TEST(HostCommunicator, RanksThatSplitDifferentlyAreTold) {
  run_rank_threads({2}, [&](RankContext& rank) {
    HostCommunicator communicator(std::move(rank.transport), rank.topology, rank.health);
    const std::vector<int> ranks = rank.rank == 0 ? std::vector{0, 1} : std::vector{1, 0};
    EXPECT_THROW_SAYING(communicator.split(ranks), MismatchError, "another order");
  });
}

}  // namespace
}  // namespace skein
