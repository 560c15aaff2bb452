#pragma once
// Elementwise reduction of several buffers into several buffers, in one pass over memory.

#include <cstddef>
#include <span>

#include "collectives/dtype.h"

namespace skein {

/// For every i below `count`: combines sources[0][i], sources[1][i], ... in this order, multiplies by `scale` unless it
/// is 1, and stores the result to every destination. A destination may be one of the sources (same address); other
/// overlap is undefined. All pointers are aligned to the element size at least.
/// 16-bit floats are combined in float32 and rounded once, to nearest even. Integers wrap around; their scale must
/// be 1. min and max give NaN when any source is NaN. kAverage combines as kSum: the caller passes the scale.
void reduce_buffers(std::span<void* const> destinations, std::span<const void* const> sources, std::size_t count,
                    DType dtype, ReduceOp op, double scale = 1.0);

}  // namespace skein
