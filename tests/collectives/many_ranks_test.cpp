// A few calls with more ranks than the conformance suite can afford.

#include <gtest/gtest.h>

#include "tests/collectives/conformance/pattern.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

void call_everything(Communicator& communicator, std::size_t count) {
  const int world_size = communicator.world_size();
  const int rank = communicator.rank();
  constexpr DType kType = DType::kFloat32;
  const Pattern& own = contribution(kType, ReduceOp::kSum, rank, world_size);
  const Pattern& sum = reduction(kType, ReduceOp::kSum, world_size);
  const SharedMemory memory = communicator.allocate(world_size * count * sizeof(float));
  const Buffer whole{memory.data.get(), world_size * count, kType};
  const Buffer block = block_of(whole, count, rank);

  own.write(whole);
  communicator.allreduce(whole);
  ASSERT_TRUE(sum.found_in(whole)) << "allreduce";
  own.write(whole);
  communicator.reduce_scatter(whole, block);
  ASSERT_TRUE(sum.found_in(block, rank * count)) << "reduce_scatter";
  own.write(block);
  communicator.allgather(block, whole);
  for (int other = 0; other < world_size; ++other)
    ASSERT_TRUE(contribution(kType, ReduceOp::kSum, other, world_size).found_in(block_of(whole, count, other)))
        << "allgather, block " << other;
  own.write(whole);
  communicator.broadcast(whole, world_size - 2);
  ASSERT_TRUE(contribution(kType, ReduceOp::kSum, world_size - 2, world_size).found_in(whole)) << "broadcast";
}

TEST(ManyRanks, CallEverythingOnSixteenRanks) {
  for (const std::vector<int>& hosts : {std::vector<int>{16}, {4, 4, 4, 4}, {7, 1, 8}})
    run_ranks(hosts, [](Communicator& communicator) {
      for (std::size_t count : {0, 1, 17, 10007}) call_everything(communicator, count);
    });
}

}  // namespace
}  // namespace skein
