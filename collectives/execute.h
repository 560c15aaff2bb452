#pragma once
// The only code that runs a schedule.

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "collectives/dtype.h"
#include "collectives/schedule.h"
#include "collectives/transport.h"

namespace skein {

/// Memory that a schedule works on, how to combine its elements, and what else is done to them on their way. The
/// functions are called in the thread that executes, each with a range of `data`, while other ranges travel.
struct Elements {
  std::byte* data = nullptr;
  DType dtype = DType::kUInt8;
  ReduceOp op = ReduceOp::kSum;
  const std::byte* sent = nullptr;  ///< where what is sent lies; null: in `data`, as in place
  /// The type in which elements travel, where it is another one: float16 or bfloat16 for float32. What is sent in it is
  /// rounded to it in `data` too, so that all ranks end with the same bits. Not together with `sent`.
  std::optional<DType> wire_dtype;
  /// Brings this rank's own elements into a range that is about to be sent or combined. Called again for a range that
  /// is used again.
  std::function<void(const Range&)> prepare;
  /// All ranks' elements are in a range: what is done to the result once, before it travels on.
  std::function<void(const Range&)> complete;
  /// A range holds what it will hold at the end.
  std::function<void(const Range&)> publish;
};

struct ExecuteOptions {
  Tag tag = 0;
  /// Steps are cut into segments. Below Open MPI's eager limit of 64 KiB for TCP a segment travels without a
  /// handshake, which would wait behind data already queued for the link: 8 MiB in both directions over 1 Gbit/s take
  /// 71 ms in segments of 60 KiB, as the link allows, and 121 ms in two of 256 KiB.
  std::size_t segment_bytes = 60 * 1024;
};

/// Runs `schedule` to its end. `peers[i]` is the transport's rank for the schedule's rank i. Segments are pipelined, also
/// from a step into the next one: what has arrived is passed on while the rest is under way. What is received is
/// combined so that the lower rank's elements come first, which makes the result the same on both sides. 16-bit floats
/// travel and are stored as 16-bit partial sums; each combination is done in float32 and rounded once. Blocks the
/// calling thread; throws what the transport throws.
void execute(Transport& transport, const Schedule& schedule, std::span<const int> peers, const Elements& elements,
             const ExecuteOptions& options, Deadline deadline);

}  // namespace skein
