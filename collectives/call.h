#pragma once
// What a rank says it is about to do. Compared between ranks before data moves.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collectives/dtype.h"

namespace skein {

enum class Operation : std::uint8_t { kAllreduce, kReduceScatter, kAllgather, kBroadcast, kBarrier };
inline constexpr int kNumOperations = 5;
/// "allreduce", "reduce_scatter", ...
std::string_view operation_name(Operation operation);

/// One collective as one rank sees it. `name` is borrowed for the duration of the call.
struct Call {
  std::uint64_t sequence = 0;  ///< number of the call on its communicator, from 0
  Operation operation = Operation::kBarrier;
  DType dtype = DType::kUInt8;
  ReduceOp reduce_op = ReduceOp::kSum;
  int root = 0;
  std::size_t count =
      0;  ///< elements of the call's own unit: allreduce and broadcast the buffer's, the others one rank's block
  std::string_view name;

  /// Equal on two ranks when, and but for 64-bit collisions only when, they ask for the same thing.
  std::uint64_t digest() const;
  /// "allreduce #12 'layer3.0.conv1.weight' float32 x 1024, average".
  std::string describe() const;
};

}  // namespace skein
