#pragma once
// What a rank says it is about to do. Compared between ranks before data moves.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "collectives/buffer.h"
#include "collectives/dtype.h"

namespace skein {

enum class Operation : std::uint8_t {
  kAllreduce,
  kReduce,
  kReduceScatter,
  kAllgather,
  kGather,
  kScatter,
  kBroadcast,
  kAlltoall,
  kBarrier
};
inline constexpr int kNumOperations = 9;
/// "allreduce", "reduce_scatter", ...
std::string_view operation_name(Operation operation);
/// Whether it combines elements of several ranks.
bool reduces(Operation operation);
/// Whether one rank's part differs from the others'.
bool has_root(Operation operation);

/// One collective as one rank sees it. `name` is borrowed for the duration of the call.
struct Call {
  std::uint64_t sequence = 0;  ///< number of the call on its communicator, from 0
  Operation operation = Operation::kBarrier;
  DType dtype = DType::kUInt8;
  ReduceOp reduce_op = ReduceOp::kSum;
  int root = 0;
  /// Elements: allreduce, reduce and broadcast the buffer's, the others one rank's block, or all blocks together when
  /// these differ in length.
  std::size_t count = 0;
  Scales scales;
  std::optional<DType> wire_dtype;            ///< type in which elements travel between hosts, where it is another
  std::span<const std::size_t> block_counts;  ///< of every rank's block when these differ; borrowed as the name is
  /// An alltoall of blocks that differ: the count is 0, and lengths are compared pair by pair when the call has begun.
  bool pairwise_counts = false;
  std::string_view name;

  /// Equal on two ranks when, and but for 64-bit collisions only when, they ask for the same thing.
  std::uint64_t digest() const;
  /// "allreduce #12 'layer3.0.conv1.weight' float32 x 1024, average".
  std::string describe() const;
};

/// What ranks announce before they allocate memory together.
Call allocation_call(std::size_t num_bytes, MemoryOf owner);

}  // namespace skein
