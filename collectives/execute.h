#pragma once
// The only code that runs a schedule.

#include <functional>
#include <span>
#include <vector>

#include "collectives/dtype.h"
#include "collectives/schedule.h"
#include "collectives/transport.h"

namespace skein {

/// Memory that a schedule works on, and how to combine its elements.
struct Elements {
  std::byte* data = nullptr;
  DType dtype = DType::kUInt8;
  ReduceOp op = ReduceOp::kSum;
  const std::byte* sent = nullptr;  ///< where what is sent lies; null: in `data`, as in place
};

struct ExecuteOptions {
  Tag tag = 0;
  /// Long steps are cut into segments, of which four are in flight. Below Open MPI's eager limit of 64 KiB for TCP a
  /// segment travels without a handshake, which would wait behind data already queued for the link: 8 MiB in both
  /// directions over 1 Gbit/s take 71 ms in segments of 60 KiB, as the link allows, and 121 ms in two of 256 KiB.
  std::size_t segment_bytes = 60 * 1024;
};

/// Runs `schedule` to its end. `peers[i]` is the transport's rank for the schedule's rank i. What is received is
/// combined so that the lower rank's elements come first, which makes the result the same on both sides. 16-bit floats
/// travel and are stored as 16-bit partial sums; each combination is done in float32 and rounded once. Blocks the
/// calling thread; throws what the transport throws.
void execute(Transport& transport, const Schedule& schedule, std::span<const int> peers, const Elements& elements,
             const ExecuteOptions& options, Deadline deadline);

}  // namespace skein
