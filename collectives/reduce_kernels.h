#pragma once
// Elementwise reduction of several buffers into several buffers, in one pass over memory.

#include <cstddef>
#include <span>

#include "collectives/dtype.h"

namespace skein {

/// For every i below `count`: combines sources[0][i], sources[1][i], ... in this order, each multiplied by scales.pre,
/// multiplies by scales.post, and stores the result to every destination. A factor of 1 is left out. A destination may
/// be one of the sources (same address); other overlap is undefined. All pointers are aligned to the element size at
/// least.
/// 16-bit floats are combined in float32 and rounded once, to nearest even. Integers wrap around; their scales must
/// be 1. min and max give NaN when any source is NaN. kAverage combines as kSum: the caller passes the scale. kAdasum
/// is no element-wise combination and must not come here.
void reduce_buffers(std::span<void* const> destinations, std::span<const void* const> sources, std::size_t count,
                    DType dtype, ReduceOp op, const Scales& scales = {});

}  // namespace skein
