// Each operation computes what it should: for every element type, count and kind of memory, in place and out
// of place.

#include "runtime/process/text.h"
#include "tests/collectives/conformance/pattern.h"
#include "tests/collectives/conformance/ranks.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Operations);

constexpr std::size_t kLargeCount = 600011;  // several chunks of every stage
constexpr std::size_t kLargeBlock = 70001;   // the same for operations whose buffers hold a block for each rank
constexpr std::size_t kMediumCount = 20011;  // more than a small message in every element type

/// All types once; elsewhere one of each width, since only the kernels know more of a type than its width.
std::vector<DType> dtypes_for(MemoryKind kind) {
  if (kind == MemoryKind::kOrdinary) return all_dtypes();
  return {DType::kFloat32, DType::kFloat64, DType::kBFloat16, DType::kInt8};
}

std::vector<std::size_t> counts_around(int world_size) {
  const auto n = static_cast<std::size_t>(world_size);
  return {0, 1, n - 1, n, n + 1, 1000, kMediumCount};
}

/// The cases that every operation goes through.
template <class Case>
void for_each_case(Communicator& communicator, std::size_t num_blocks, Case run_case) {
  for (MemoryKind kind : kMemoryKinds) {
    Workspace workspace(communicator, kind, (kMediumCount * num_blocks + 8) * sizeof(double));
    for (DType dtype : dtypes_for(kind))
      for (std::size_t count : counts_around(communicator.world_size())) {
        SCOPED_TRACE(
            concat("rank ", communicator.rank(), ", ", memory_kind_name(kind), ", ", dtype_name(dtype), " x ", count));
        run_case(workspace, dtype, count);
        ASSERT_TRUE(workspace.marks_intact());
      }
  }
}

void check_allreduce(Communicator& communicator, Workspace& workspace, DType dtype, ReduceOp op, std::size_t count) {
  const Buffer buffer = workspace.buffer(dtype, count, /*shift=*/1);
  contribution(dtype, op, communicator.rank(), communicator.world_size()).write(buffer);
  communicator.allreduce(buffer, op, "a");
  ASSERT_TRUE(reduction(dtype, op, communicator.world_size()).found_in(buffer)) << reduce_op_name(op);
}

TEST_P(Operations, Allreduce) {
  on_each_rank([](Communicator& communicator) {
    for_each_case(communicator, 1, [&](Workspace& workspace, DType dtype, std::size_t count) {
      for (ReduceOp op : reduce_ops_of(dtype)) check_allreduce(communicator, workspace, dtype, op, count);
    });
  });
}

TEST_P(Operations, AllreduceOfManyChunks) {
  on_each_rank([](Communicator& communicator) {
    for (MemoryKind kind : kMemoryKinds) {
      Workspace workspace(communicator, kind, (kLargeCount + 1) * sizeof(float));
      SCOPED_TRACE(concat("rank ", communicator.rank(), ", ", memory_kind_name(kind)));
      check_allreduce(communicator, workspace, DType::kFloat32, ReduceOp::kSum, kLargeCount);
      check_allreduce(communicator, workspace, DType::kBFloat16, ReduceOp::kAverage, kLargeCount);
      ASSERT_TRUE(workspace.marks_intact());
    }
  });
}

TEST_P(Operations, Broadcast) {
  on_each_rank([](Communicator& communicator) {
    const int world_size = communicator.world_size();
    const auto check = [&](Workspace& workspace, DType dtype, std::size_t count, int root) {
      const Buffer buffer = workspace.buffer(dtype, count);
      contribution(dtype, ReduceOp::kSum, communicator.rank(), world_size).write(buffer);
      communicator.broadcast(buffer, root);
      ASSERT_TRUE(contribution(dtype, ReduceOp::kSum, root, world_size).found_in(buffer)) << "root " << root;
    };
    int root = 0;
    for_each_case(communicator, 1, [&](Workspace& workspace, DType dtype, std::size_t count) {
      check(workspace, dtype, count, root++ % world_size);
    });
    for (MemoryKind kind : kMemoryKinds) {
      Workspace workspace(communicator, kind, kLargeCount * sizeof(float));
      for (int large_root : {0, world_size - 1}) check(workspace, DType::kFloat32, kLargeCount, large_root);
    }
  });
}

void check_allgather(Communicator& communicator, Workspace& workspace, DType dtype, std::size_t count, bool in_place) {
  const int world_size = communicator.world_size();
  const Buffer output = workspace.buffer(dtype, count * world_size);
  std::vector<std::byte> apart(count * dtype_bytes(dtype));
  const Buffer input = in_place ? block_of(output, count, communicator.rank()) : Buffer{apart.data(), count, dtype};
  contribution(dtype, ReduceOp::kSum, communicator.rank(), world_size).write(input);
  communicator.allgather(input, output);
  for (int rank = 0; rank < world_size; ++rank)
    ASSERT_TRUE(contribution(dtype, ReduceOp::kSum, rank, world_size).found_in(block_of(output, count, rank)))
        << "block " << rank << (in_place ? ", in place" : ", out of place");
}

TEST_P(Operations, Allgather) {
  on_each_rank([](Communicator& communicator) {
    for_each_case(communicator, communicator.world_size(), [&](Workspace& workspace, DType dtype, std::size_t count) {
      for (bool in_place : {true, false}) check_allgather(communicator, workspace, dtype, count, in_place);
    });
    for (MemoryKind kind : kMemoryKinds) {
      Workspace workspace(communicator, kind, kLargeBlock * communicator.world_size() * sizeof(float));
      check_allgather(communicator, workspace, DType::kFloat32, kLargeBlock,
                      /*in_place=*/kind == MemoryKind::kArena);
    }
  });
}

void check_reduce_scatter(Communicator& communicator, Workspace& workspace, DType dtype, ReduceOp op, std::size_t count,
                          bool in_place) {
  const int world_size = communicator.world_size();
  const int rank = communicator.rank();
  const Buffer input = workspace.buffer(dtype, count * world_size);
  std::vector<std::byte> apart(count * dtype_bytes(dtype));
  const Buffer output = in_place ? block_of(input, count, rank) : Buffer{apart.data(), count, dtype};
  const Pattern& own = contribution(dtype, op, rank, world_size);
  own.write(input);
  communicator.reduce_scatter(input, output, op);
  ASSERT_TRUE(reduction(dtype, op, world_size).found_in(output, rank * count)) << reduce_op_name(op);
  for (int block = 0; block < world_size; ++block) {
    if (in_place && block == rank) continue;
    ASSERT_TRUE(own.found_in(block_of(input, count, block), block * count)) << "the input was changed";
  }
}

TEST_P(Operations, ReduceScatter) {
  on_each_rank([](Communicator& communicator) {
    for_each_case(communicator, communicator.world_size(), [&](Workspace& workspace, DType dtype, std::size_t count) {
      for (ReduceOp op : reduce_ops_of(dtype))
        check_reduce_scatter(communicator, workspace, dtype, op, count,
                             /*in_place=*/op != ReduceOp::kSum);
    });
    for (MemoryKind kind : kMemoryKinds) {
      Workspace workspace(communicator, kind, kLargeBlock * communicator.world_size() * sizeof(float));
      for (bool in_place : {true, false})
        check_reduce_scatter(communicator, workspace, DType::kFloat32, ReduceOp::kAverage, kLargeBlock, in_place);
    }
  });
}

TEST_P(Operations, SumsThatDependOnTheOrderAreTheSameOnAllRanksAndInEveryRun) {
  on_each_rank([](Communicator& communicator) {
    for (MemoryKind kind : kMemoryKinds) {
      Workspace workspace(communicator, kind, kLargeCount * sizeof(float));
      for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16})
        for (std::size_t count : {std::size_t{37}, kMediumCount, kLargeCount}) {
          SCOPED_TRACE(concat("rank ", communicator.rank(), ", ", memory_kind_name(kind), ", ", dtype_name(dtype),
                              " x ", count));
          const Buffer buffer = workspace.buffer(dtype, count);
          std::vector<std::byte> first_run;
          for (int run = 0; run < 2; ++run) {
            inexact_contribution(dtype, communicator.rank()).write(buffer);
            communicator.allreduce(buffer, ReduceOp::kAverage);
            const auto* result = static_cast<const std::byte*>(buffer.data);
            if (run == 0) first_run.assign(result, result + buffer.num_bytes());
            ASSERT_TRUE(std::equal(first_run.begin(), first_run.end(), result)) << "the second run differs";
          }
          ASSERT_TRUE(equal_on_all_ranks(communicator, buffer));
        }
    }
  });
}

}  // namespace
}  // namespace skein
