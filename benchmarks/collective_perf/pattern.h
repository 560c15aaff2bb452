#pragma once
// The values that collective_perf sends, and what must come back. They differ by rank, position and iteration, and stay
// small, so that every element type holds every result exactly (the average: to rounding).

#include <cstddef>
#include <cstdint>
#include <vector>

#include "collectives/buffer.h"
#include "collectives/call.h"

namespace skein::bench {

/// Element `i` of rank `rank`'s input in iteration `iteration`: 0, 1, 2 or 3.
inline int pattern(int rank, std::size_t i, int iteration) {
  return static_cast<int>(
      (i * 7 + (i >> 8) + static_cast<std::size_t>(rank) * 5 + static_cast<std::size_t>(iteration) * 3) & 3);
}

/// Writes elements [first, first + buffer.count) of the pattern of `rank`.
void fill(const Buffer& buffer, int rank, std::size_t first, int iteration);

/// Number of elements of `result` that are wrong after `operation` over `world_size` ranks.
/// `block` is what one rank contributes to allgather or receives from reduce_scatter, in elements.
std::size_t count_wrong(const Buffer& result, Operation operation, ReduceOp op, int rank, int world_size, int root,
                        std::size_t block, int iteration);

}  // namespace skein::bench
