// Communicator::allocate and the memory it hands out.

#include <algorithm>
#include <cstdint>

#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/collectives/conformance/pattern.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Memory);

Buffer floats(const SharedMemory& memory) {
  return {memory.data.get(), memory.num_bytes / sizeof(float), DType::kFloat32};
}

testing::AssertionResult sums(Communicator& communicator, const Buffer& buffer) {
  const int world_size = communicator.world_size();
  contribution(buffer.dtype, ReduceOp::kSum, communicator.rank(), world_size).write(buffer);
  communicator.allreduce(buffer);
  return reduction(buffer.dtype, ReduceOp::kSum, world_size).found_in(buffer);
}

TEST_P(Memory, IsZeroedAlignedAndEachRanksOwn) {
  on_each_rank([](Communicator& communicator) {
    for (std::size_t num_bytes : {0, 1, 4096, 5000, 3 * 1024 * 1024 + 7}) {
      const SharedMemory memory = communicator.allocate(num_bytes);
      ASSERT_EQ(memory.num_bytes, num_bytes);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(memory.data.get()) % 4096, 0u);
      std::byte* const data = memory.data.get();
      ASSERT_TRUE(std::all_of(data, data + num_bytes, [](std::byte b) { return b == std::byte{0}; }));
      const auto mine = static_cast<std::byte>(communicator.rank() + 1);
      std::fill_n(data, num_bytes, mine);
      communicator.barrier();
      ASSERT_TRUE(std::all_of(data, data + num_bytes, [&](std::byte b) { return b == mine; }));
      communicator.barrier();
    }
  });
}

TEST_P(Memory, OfAHostIsOneForItsRanks) {
  on_each_rank([](Communicator& communicator) {
    const Topology::Member& me = communicator.topology().members[communicator.rank()];
    const auto num_ranks = static_cast<std::size_t>(communicator.topology().max_local_size());
    for (std::size_t num_bytes : {std::size_t{0}, num_ranks, 3 * 1024 * 1024 + num_ranks}) {
      const SharedMemory memory = communicator.allocate(num_bytes, MemoryOf::kHost);
      ASSERT_EQ(memory.num_bytes, num_bytes);
      std::byte* const data = memory.data.get();
      ASSERT_TRUE(std::all_of(data, data + num_bytes, [](std::byte b) { return b == std::byte{0}; }));
      communicator.barrier();
      if (num_bytes == 0) continue;
      data[num_bytes - 1 - me.local_rank] = static_cast<std::byte>(communicator.rank() + 1);
      communicator.barrier();
      for (const int rank : communicator.topology().ranks_of_host(me.host))
        ASSERT_EQ(data[num_bytes - 1 - communicator.topology().members[rank].local_rank],
                  static_cast<std::byte>(rank + 1));
    }
  });
}

TEST_P(Memory, RanksMustAskForTheSameKind) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() == 1) return;
    const MemoryOf owner = communicator.rank() == 0 ? MemoryOf::kHost : MemoryOf::kRank;
    EXPECT_THROW_SAYING(communicator.allocate(100, owner), MismatchError, "allocation for the host", "arena allocation");
  });
}

TEST_P(Memory, OutlivesTheCommunicator) {
  on_each_rank([](Communicator& communicator) {
    std::vector<int> all;
    for (int rank = 0; rank < communicator.world_size(); ++rank) all.push_back(rank);
    SharedMemory memory;
    {
      const auto copy = communicator.split(all);
      memory = copy->allocate(200000);
      ASSERT_TRUE(sums(*copy, floats(memory)));
    }
    std::fill_n(memory.data.get(), memory.num_bytes, std::byte{7});
    ASSERT_TRUE(sums(communicator, floats(memory)));
  });
}

TEST_P(Memory, OfTheParentIsGoodInSplitsAndTheOtherWayRound) {
  on_each_rank([](Communicator& communicator) {
    std::vector<int> half;
    for (int rank = communicator.rank() % 2; rank < communicator.world_size(); rank += 2) half.push_back(rank);
    const auto split = communicator.split(half);
    const SharedMemory of_parent = communicator.allocate(300000);
    const SharedMemory of_split = split->allocate(300000);
    for (Communicator* user : {&communicator, split.get()})
      for (const SharedMemory* memory : {&of_parent, &of_split}) ASSERT_TRUE(sums(*user, floats(*memory)));
  });
}

TEST_P(Memory, MayBeGivenBackByOneRankWhileTheOthersUseTheirs) {
  on_each_rank([](Communicator& communicator) {
    SharedMemory first = communicator.allocate(100000);
    const SharedMemory second = communicator.allocate(100000);
    const bool leaves = communicator.rank() == 0;
    if (leaves) first = {};
    const Buffer mine = floats(leaves ? second : first);
    ASSERT_TRUE(sums(communicator, mine));
    contribution(mine.dtype, ReduceOp::kSum, communicator.rank(), 1).write(mine);
    const int root = communicator.world_size() - 1;
    communicator.broadcast(mine, root);
    ASSERT_TRUE(contribution(mine.dtype, ReduceOp::kSum, root, 1).found_in(mine));
  });
}

TEST_P(Memory, CanBeAllocatedManyTimes) {
  on_each_rank([](Communicator& communicator) {
    const SharedMemory kept = communicator.allocate(70000);
    for (int round = 0; round < 50; ++round) {
      const SharedMemory memory = communicator.allocate(70000);
      if (round % 10 != 0) continue;
      ASSERT_TRUE(sums(communicator, floats(memory)));
    }
    ASSERT_TRUE(sums(communicator, floats(kept)));
  });
}

TEST_P(Memory, MoreThanThereIsIsAnErrorAfterWhichTheCommunicatorStillWorks) {
  on_each_rank([](Communicator& communicator) {
    constexpr std::size_t kMoreThanCanBeAddressed = std::size_t{1} << 50;
    EXPECT_THROW_SAYING(communicator.allocate(kMoreThanCanBeAddressed), Error, "memory");
    const SharedMemory memory = communicator.allocate(70000);
    ASSERT_TRUE(sums(communicator, floats(memory)));
  });
}

TEST_P(Memory, OfDifferentSizesIsAMismatch) {
  on_each_rank([](Communicator& communicator) {
    const int last = communicator.world_size() - 1;
    if (last == 0) return;
    const std::size_t num_bytes = communicator.rank() == last ? 5001 : 5000;
    for (int attempt = 0; attempt < 2; ++attempt)  // the failure sticks
      EXPECT_THROW_SAYING(communicator.allocate(num_bytes), MismatchError, "5000", "5001", "allocat");
    EXPECT_THROW(communicator.barrier(), MismatchError);
  });
}

}  // namespace
}  // namespace skein
