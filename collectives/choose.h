#pragma once
// Which algorithm runs between hosts: a pure function, alike on all ranks.

#include <cstddef>

#include "collectives/dtype.h"

namespace skein {

enum class AllreduceAlgorithm { kRing, kRecursiveDoubling };

/// Recursive doubling sends the whole slice log2(hosts) times with log2(hosts) latencies, the ring 2(n-1)/n of it with
/// 2(n-1) latencies. The crossover assumes 30 us and 100 MB/s, a slow network: below 32 KiB latency dominates.
inline AllreduceAlgorithm choose_allreduce(std::size_t count, DType dtype) {
  constexpr std::size_t kCrossoverBytes = 32 * 1024;
  return count * dtype_bytes(dtype) < kCrossoverBytes ? AllreduceAlgorithm::kRecursiveDoubling
                                                      : AllreduceAlgorithm::kRing;
}

}  // namespace skein
