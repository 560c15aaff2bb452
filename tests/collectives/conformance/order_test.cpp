// Calls keep their order: blocking and asynchronous, on splits, from several threads.

#include <numeric>
#include <thread>

#include "runtime/process/text.h"
#include "tests/collectives/conformance/pattern.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Order);

/// A float buffer of its own for each of several calls.
struct Contribution {
  Contribution(const Communicator& communicator, std::size_t count)
      : world_size(communicator.world_size()), values(count) {
    contribution(DType::kFloat32, ReduceOp::kSum, communicator.rank(), world_size).write(buffer());
  }
  Buffer buffer() { return {values.data(), values.size(), DType::kFloat32}; }
  testing::AssertionResult is_summed() {
    return reduction(DType::kFloat32, ReduceOp::kSum, world_size).found_in(buffer());
  }
  int world_size;
  std::vector<float> values;
};

std::vector<Contribution> contributions(const Communicator& communicator) {
  std::vector<Contribution> result;
  for (std::size_t count : {5, 70000, 0, 33, 20000, 1}) result.emplace_back(communicator, count);
  return result;
}

/// Makes some ranks come later than others.
void delay_odd(const Communicator& communicator) {
  if (communicator.rank() % 2 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST_P(Order, AsynchronousCallsCompleteAndAreWaitedForInAnyOrder) {
  on_each_rank([](Communicator& communicator) {
    for (int round = 0; round < 5; ++round) {
      auto parts = contributions(communicator);
      std::vector<Work> works;
      for (Contribution& part : parts) works.push_back(communicator.allreduce_async(part.buffer()));
      while (!works.empty()) {
        works.back().wait();
        EXPECT_TRUE(works.back().done());
        works.pop_back();
      }
      for (Contribution& part : parts) ASSERT_TRUE(part.is_summed());
    }
  });
}

TEST_P(Order, BlockingCallsComeAfterAsynchronousOnesAskedForBefore) {
  on_each_rank([](Communicator& communicator) {
    for (int round = 0; round < 10; ++round) {
      auto parts = contributions(communicator);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i % 3 == 2) {
          communicator.allreduce(parts[i].buffer(), ReduceOp::kSum, concat("blocking ", i));
        } else {
          communicator.allreduce_async(parts[i].buffer(), ReduceOp::kSum, concat("asynchronous ", i));
        }
      }
      communicator.barrier("round ends");
      for (Contribution& part : parts) ASSERT_TRUE(part.is_summed());
    }
  });
}

TEST_P(Order, AllocateAndSplitComeAfterAsynchronousCallsAskedForBefore) {
  on_each_rank([](Communicator& communicator) {
    std::vector<int> all(communicator.world_size());
    std::iota(all.begin(), all.end(), 0);
    for (int round = 0; round < 5; ++round) {
      Contribution before(communicator, 70000);
      Contribution between(communicator, 50);
      Contribution after(communicator, 10);
      delay_odd(communicator);
      communicator.allreduce_async(before.buffer(), ReduceOp::kSum, "before");
      const SharedMemory memory = communicator.allocate(100);
      communicator.allreduce_async(between.buffer(), ReduceOp::kSum, "between");
      const auto copy = communicator.split(all);
      copy->allreduce(after.buffer());
      communicator.barrier();
      ASSERT_TRUE(before.is_summed() && between.is_summed() && after.is_summed());
    }
  });
}

TEST_P(Order, EveryOperationHasAnAsynchronousForm) {
  on_each_rank([](Communicator& communicator) {
    const int world_size = communicator.world_size();
    const auto pattern = [&](int rank) { return contribution(DType::kInt32, ReduceOp::kSum, rank, world_size); };
    std::vector<std::int32_t> sent(world_size), gathered(world_size), scattered(1), told(100);
    pattern(communicator.rank()).write({sent.data(), sent.size(), DType::kInt32});
    pattern(communicator.rank()).write({told.data(), told.size(), DType::kInt32});
    const Buffer one{sent.data(), 1, DType::kInt32};
    const Buffer all{sent.data(), sent.size(), DType::kInt32};
    const Buffer result{scattered.data(), 1, DType::kInt32};
    const Buffer gather{gathered.data(), gathered.size(), DType::kInt32};
    std::vector<Work> works{communicator.allgather_async(one, gather), communicator.reduce_scatter_async(all, result),
                            communicator.broadcast_async({told.data(), told.size(), DType::kInt32}, world_size - 1)};
    for (Work& work : works) work.wait();
    for (int rank = 0; rank < world_size; ++rank)
      ASSERT_TRUE(pattern(rank).found_in({&gathered[rank], 1, DType::kInt32}));
    ASSERT_TRUE(reduction(DType::kInt32, ReduceOp::kSum, world_size).found_in(result, communicator.rank()));
    ASSERT_TRUE(pattern(world_size - 1).found_in({told.data(), told.size(), DType::kInt32}));
  });
}

/// The ranks r with r % num_groups == group, backwards.
std::vector<int> members_of(int group, int num_groups, int world_size) {
  std::vector<int> ranks;
  for (int rank = world_size - 1; rank >= 0; --rank)
    if (rank % num_groups == group) ranks.push_back(rank);
  return ranks;
}

TEST_P(Order, SplitRenumbersItsRanksInTheOrderGiven) {
  on_each_rank([](Communicator& communicator) {
    const int group = communicator.rank() % 2;
    const std::vector<int> ranks = members_of(group, 2, communicator.world_size());
    const auto part = communicator.split(ranks);
    ASSERT_EQ(part->world_size(), static_cast<int>(ranks.size()));
    ASSERT_EQ(ranks[part->rank()], communicator.rank());
    std::vector<std::int32_t> gathered(ranks.size());
    const std::int32_t mine = communicator.rank();
    part->allgather({const_cast<std::int32_t*>(&mine), 1, DType::kInt32},
                    {gathered.data(), gathered.size(), DType::kInt32});
    ASSERT_TRUE(std::equal(ranks.begin(), ranks.end(), gathered.begin()));

    const auto alone = part->split({part->rank()});
    Contribution own(*alone, 70000);
    alone->allreduce(own.buffer());
    ASSERT_TRUE(own.is_summed());
    Contribution everyone(communicator, 70000);
    communicator.allreduce(everyone.buffer());
    ASSERT_TRUE(everyone.is_summed());
  });
}

TEST_P(Order, TwoSplitsMayBeUsedAtOnceFromTwoThreads) {
  on_each_rank([](Communicator& communicator) {
    const int world_size = communicator.world_size();
    const auto forwards = communicator.split(members_of(0, 1, world_size));
    const auto partly = communicator.split(members_of(communicator.rank() % 2, 2, world_size));
    const auto use = [](Communicator& split, std::size_t count) {
      for (int round = 0; round < 30; ++round) {
        Contribution part(split, count);
        split.allreduce(part.buffer());
        ASSERT_TRUE(part.is_summed());
      }
    };
    std::thread other(use, std::ref(*partly), 40000);
    use(*forwards, 100);
    other.join();
    communicator.barrier();
  });
}

TEST_P(Order, ADestroyedCommunicatorFinishesWhatWasAskedFor) {
  on_each_rank([](Communicator& communicator) {
    const auto copy = communicator.split(members_of(0, 1, communicator.world_size()));
    Contribution part(*copy, 70000);
    {
      const auto short_lived = communicator.split(members_of(0, 1, communicator.world_size()));
      part = Contribution(*short_lived, 70000);
      delay_odd(communicator);
      short_lived->allreduce_async(part.buffer());
    }
    ASSERT_TRUE(part.is_summed());
  });
}

}  // namespace
}  // namespace skein
