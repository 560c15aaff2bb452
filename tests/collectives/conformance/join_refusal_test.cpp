// What a JoinScope refuses, and how its ranks learn of each other's failures.

#include <thread>

#include "collectives/join_scope.h"
#include "collectives/objects.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(JoinRefusal);

TEST_P(JoinRefusal, RootsThatHaveJoinedAreRefusedByNameAndTheScopeGoesOn) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() == 1) return;
    const int joined = communicator.world_size() - 1;
    JoinScope scope(communicator);
    if (communicator.rank() != joined) {
      std::vector<float> values(communicator.world_size(), 1.0F);
      const Buffer one{values.data(), 1, DType::kFloat32};
      const std::string says = concat("root ", joined, " takes no part, since rank ", joined, " has joined");
      EXPECT_THROW_SAYING(scope.broadcast(one, joined), UsageError, "broadcast", says);
      EXPECT_THROW_SAYING(scope.reduce(one, one, joined), UsageError, "reduce", says);
      EXPECT_THROW_SAYING(scope.gather(one, {}, joined), UsageError, "gather", says);
      EXPECT_THROW_SAYING(scope.scatter({}, one, joined), UsageError, "scatter", says);
      EXPECT_THROW_SAYING(scope.allocate(100), UsageError, "allocate", concat("rank ", joined, " has joined"));
      scope.allreduce(one, ReduceOp::kAverage);
      EXPECT_EQ(values[0], 1.0F);
    }
    scope.join();
    EXPECT_THROW_SAYING(scope.split({communicator.rank()}), UsageError, "split");
    EXPECT_NE(scope.allocate(100).data, nullptr);
  });
}

TEST_P(JoinRefusal, ActiveRanksThatDisagreeAreNamedBesideThoseThatHaveJoined) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() < 3) return;
    std::vector<float> values(20);
    JoinScope scope(communicator);
    const auto act = [&] {
      if (communicator.rank() == 0) scope.join();
      if (communicator.rank() == 1) scope.allreduce({values.data(), 20, DType::kFloat32}, ReduceOp::kSum, "gradient");
      scope.broadcast({values.data(), 20, DType::kFloat32}, 1);
    };
    EXPECT_TRUE(throws_saying<MismatchError>(
        act, {"rank 0", ": has joined", "allreduce #0 'gradient' float32 x 20, sum", "broadcast #0 float32 x 20"}));
    EXPECT_THROW_SAYING(scope.barrier(), MismatchError, "disagree");  // the first failure sticks
  });
}

TEST_P(JoinRefusal, ARankThatLeavesByAnExceptionIsNamedToTheOthers) {
  on_each_rank([](Communicator& communicator) {
    const int world_size = communicator.world_size();
    if (world_size == 1) return;
    const int leaving = world_size - 1;
    const auto leave = [&] {
      JoinScope scope(communicator);
      scope.barrier();
      throw DataError("picture 17 is torn");
    };
    if (communicator.rank() == leaving) {
      EXPECT_THROW(leave(), DataError);
      return;
    }
    JoinScope scope(communicator);
    scope.barrier();
    const auto go_on = [&] {
      if (communicator.rank() == 0) scope.join();
      std::vector<float> values(20);
      scope.allreduce({values.data(), 20, DType::kFloat32}, ReduceOp::kSum, "gradient");
    };
    EXPECT_TRUE(throws_saying<PeerLost>(go_on, {concat("rank ", leaving), "left the JoinScope by an exception"}));
  });
}

TEST_P(JoinRefusal, ARankThatDoesNotArriveIsNamedWithTheCall) {
  on_each_rank([](Communicator& communicator) {
    const int missing = communicator.world_size() - 1;
    if (missing == 0) return;
    if (communicator.rank() == missing) return;
    std::vector<float> values(10);
    const Buffer buffer{values.data(), values.size(), DType::kFloat32};
    JoinScope scope(communicator);
    const Request request{Operation::kAllreduce, buffer, buffer, ReduceOp::kSum, 0, "gradients"};
    const auto act = [&] { scope.run(request, Deadline::after(std::chrono::milliseconds(200))); };
    EXPECT_TRUE(throws_saying<TimeoutError>(act, {"JoinScope", "before allreduce #0 'gradients'"}));
  });
}

}  // namespace
}  // namespace skein
