// Ranks that run out of data, one after the other.

#include "collectives/join_scope.h"

#include <cmath>
#include <thread>

#include "collectives/objects.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/cases.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/collectives/conformance/ranks.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Join);

constexpr std::size_t kMaxBytes = 200000;

/// How many calls each rank makes; at least one rank makes more than the others, unless there is but one.
std::vector<int> uneven_calls(int world_size, std::uint64_t seed) {
  std::vector<int> calls;
  for (int rank = 0; rank < world_size; ++rank) calls.push_back(static_cast<int>((rank * 7 + seed * 5 + rank / 2) % 6));
  calls[seed % world_size] = 8;
  return calls;
}

std::vector<int> active_at(int call, const std::vector<int>& calls) {
  std::vector<int> active;
  for (std::size_t rank = 0; rank < calls.size(); ++rank)
    if (calls[rank] > call) active.push_back(static_cast<int>(rank));
  return active;
}

int expected_last(const std::vector<int>& calls) {
  int last = 0;
  for (std::size_t rank = 1; rank < calls.size(); ++rank)
    if (calls[rank] >= calls[last]) last = static_cast<int>(rank);
  return last;
}

TEST_P(Join, EveryCallIsThatOfTheActiveRanksAlone) {
  on_each_rank([](Communicator& communicator) {
    JoinScope scope(communicator);
    CaseRunner runner(communicator, kMaxBytes);
    for (std::uint64_t epoch = 0; epoch < 25; ++epoch) {
      const std::vector<int> calls = uneven_calls(communicator.world_size(), epoch);
      for (int call = 0; call < calls[communicator.rank()]; ++call) {
        const std::vector<int> active = active_at(call, calls);
        const Case the_case =
            among(random_case(epoch * 100 + call, communicator.world_size(), kMaxBytes), active);
        const Request& request = runner.prepare(the_case);
        if ((epoch + call) % 2 == 0)
          scope.start(request).wait();
        else
          scope.run(request, Deadline::after(std::chrono::seconds(60)));
        ASSERT_TRUE(runner.verify()) << "epoch " << epoch << " call " << call;
        EXPECT_EQ(scope.num_active(), static_cast<int>(active.size()));
      }
      EXPECT_EQ(scope.join(), expected_last(calls)) << "epoch " << epoch;
      EXPECT_EQ(scope.num_active(), communicator.world_size());
    }
  });
}

/// Every operation and element type with every number of ranks joined.
TEST_P(Join, EveryOperationWithAnyNumberJoined) {
  on_each_rank([](Communicator& communicator) {
    JoinScope scope(communicator);
    CaseRunner runner(communicator, kMaxBytes);
    const int world_size = communicator.world_size();
    for (int num_joined = 0; num_joined < std::min(world_size, 5); ++num_joined) {
      std::vector<int> active;  // ranks join from the middle outwards
      for (int rank = 0; rank < world_size; ++rank)
        if ((rank + world_size / 2) % world_size >= num_joined) active.push_back(rank);
      const bool takes_part = std::find(active.begin(), active.end(), communicator.rank()) != active.end();
      for (int operation = 0; takes_part && operation < kNumOperations; ++operation)
        for (DType dtype : all_dtypes())
          for (ReduceOp op : reduce_ops_of(dtype)) {
            if (op != ReduceOp::kSum && !reduces(static_cast<Operation>(operation))) continue;
            Case the_case;
            the_case.operation = static_cast<Operation>(operation);
            the_case.dtype = dtype;
            the_case.op = op;
            the_case.root = operation + static_cast<int>(dtype);
            the_case.counts.assign(num_counts(the_case.operation, world_size), 37);
            the_case.in_place = the_case.operation != Operation::kAlltoall && operation % 2 == 0;
            the_case = among(the_case, active);
            scope.run(runner.prepare(the_case), Deadline::after(std::chrono::seconds(60)));
            ASSERT_TRUE(runner.verify());
          }
      scope.join();
    }
  });
}

TEST_P(Join, AdasumAndObjectsAreThoseOfTheActiveRanks) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() == 1) return;
    JoinScope scope(communicator);
    const int joined = communicator.world_size() / 2;
    if (communicator.rank() != joined) {
      const auto n = static_cast<std::size_t>(communicator.world_size());
      std::vector<float> own(n, 0.0F);
      own[communicator.rank()] = 2.0F;
      scope.allreduce({own.data(), n, DType::kFloat32}, ReduceOp::kAdasum);
      std::vector<float> expected(n, 2.0F);
      expected[joined] = 0.0F;
      EXPECT_EQ(own, expected);
      std::vector<std::string> objects = allgather_objects(scope, concat("of ", communicator.rank()));
      for (int rank = 0; rank < communicator.world_size(); ++rank)
        EXPECT_EQ(objects[rank], rank == joined ? "" : concat("of ", rank));
    }
    scope.join();
  });
}

/// What a sum of zeros from the joined ranks would change, and what would not be neutral.
TEST_P(Join, NothingOfAJoinedRankEntersAReduction) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() == 1) return;
    JoinScope scope(communicator);
    if (communicator.rank() != 0) {
      float zero = -0.0F;
      scope.allreduce({&zero, 1, DType::kFloat32});
      EXPECT_TRUE(std::signbit(zero));
      float product = 2.0F;
      scope.allreduce({&product, 1, DType::kFloat32}, ReduceOp::kProduct, "p", {.pre = 0.5});
      EXPECT_EQ(product, 1.0F);
      float lowest = -3.0F;
      scope.allreduce({&lowest, 1, DType::kFloat32}, ReduceOp::kMax, "m", {.pre = -0.0});
      EXPECT_EQ(lowest, 0.0F);
      std::uint8_t small = 200;
      scope.allreduce({&small, 1, DType::kUInt8}, ReduceOp::kMin);
      EXPECT_EQ(small, 200);
    }
    scope.join();
  });
}

TEST_P(Join, CallsUnderWayAreFinishedBeforeTheRankJoins) {
  on_each_rank([](Communicator& communicator) {
    const int num_calls = 3 + communicator.rank() % 3;
    JoinScope scope(communicator);
    std::vector<std::vector<float>> values(num_calls, std::vector<float>(1000, 1.0F));
    std::vector<Work> under_way;
    for (auto& vector : values)
      under_way.push_back(scope.allreduce_async({vector.data(), vector.size(), DType::kFloat32}, ReduceOp::kAverage));
    scope.join();
    for (Work& work : under_way) EXPECT_TRUE(work.done());
    for (auto& vector : values) EXPECT_EQ(vector, std::vector<float>(1000, 1.0F));
    communicator.barrier();
  });
}

TEST_P(Join, BlockingCallsComeAfterAsynchronousOnes) {
  on_each_rank([](Communicator& communicator) {
    JoinScope scope(communicator);
    for (int i = 0; i < 10 - communicator.rank() % 2; ++i) {
      std::vector<float> first(20000, 1.0F);
      float second = 2.0F;
      scope.allreduce_async({first.data(), first.size(), DType::kFloat32}, ReduceOp::kMax, concat("first ", i));
      scope.allreduce({&second, 1, DType::kFloat32}, ReduceOp::kAverage, concat("second ", i));
      EXPECT_EQ(first[19999], 1.0F);
      EXPECT_EQ(second, 2.0F);
    }
    scope.join();
  });
}

TEST_P(Join, TheEndOfTheScopeJoins) {
  on_each_rank([](Communicator& communicator) {
    float one = 1.0F;
    {
      JoinScope scope(communicator);
      for (int i = 0; i < communicator.rank(); ++i) scope.allreduce({&one, 1, DType::kFloat32}, ReduceOp::kAverage);
    }
    EXPECT_EQ(one, 1.0F);
    communicator.barrier("after the scope");
  });
}

TEST_P(Join, AMessageMayComeFromARankThatHasJoined) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() == 1) return;
    JoinScope scope(communicator);
    float value = communicator.rank() == 1 ? 5.0F : 0.0F;
    const Buffer one{&value, 1, DType::kFloat32};
    if (communicator.rank() == 1) scope.send_async(one, 0, "late");
    if (communicator.rank() == 0) {
      scope.barrier();
      scope.recv(one, 1, "late");
      EXPECT_EQ(value, 5.0F);
    }
    scope.join();
  });
}

/// A line through points by gradient descent, each rank on batches of its own number, against the same computed by one.
TEST_P(Join, TrainingOnUnevenDataEqualsTheReference) {
  on_each_rank([](Communicator& communicator) {
    const int world_size = communicator.world_size();
    const auto num_batches = [](int rank) { return 3 + (rank * 2 + 2) % 3; };  // 5, 4, 3, 5, ...
    const auto gradient = [](int rank, int batch, const std::vector<double>& model) {
      std::vector<double> result(2, 0.0);
      for (int i = 0; i < 4; ++i) {
        const double x = std::sin(rank + 3.0 * batch + i);
        const double error = model[0] * x + model[1] - (2 * x - 1);
        result[0] += error * x;
        result[1] += error;
      }
      return result;
    };
    std::vector<double> reference{0.0, 0.0};
    for (int batch = 0; batch < 5; ++batch) {
      std::vector<double> mean(2, 0.0);
      int num_active = 0;
      for (int rank = 0; rank < world_size; ++rank) {
        if (batch >= num_batches(rank)) continue;
        ++num_active;
        const auto own = gradient(rank, batch, reference);
        for (int i = 0; i < 2; ++i) mean[i] += own[i];
      }
      for (int i = 0; i < 2; ++i) reference[i] -= 0.1 * mean[i] / num_active;
    }
    std::vector<double> model{0.0, 0.0};
    JoinScope scope(communicator);
    for (int batch = 0; batch < num_batches(communicator.rank()); ++batch) {
      auto mean = gradient(communicator.rank(), batch, model);
      scope.allreduce({mean.data(), 2, DType::kFloat64}, ReduceOp::kAverage, "gradient");
      for (int i = 0; i < 2; ++i) model[i] -= 0.1 * mean[i];
    }
    communicator.broadcast({model.data(), 2, DType::kFloat64}, scope.join(), "model");
    for (int i = 0; i < 2; ++i) EXPECT_NEAR(model[i], reference[i], 1e-12);
  });
}

}  // namespace
}  // namespace skein
