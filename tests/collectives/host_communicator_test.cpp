// HostCommunicator when the link between hosts goes wrong.

#include "collectives/host_communicator.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace skein
