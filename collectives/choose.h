#pragma once
// Which algorithm runs between hosts: a pure function, alike on all ranks.

#include <cstddef>

#include "collectives/dtype.h"

namespace skein {

/// Below this, latency costs more than bytes: assumes 30 us and 100 MB/s, a slow network.
inline constexpr std::size_t kCrossoverBytes = 32 * 1024;

/// Whether a message of so many bytes is better sent often than late.
inline bool is_short(std::size_t num_bytes) {
  return num_bytes < kCrossoverBytes;
}

enum class AllreduceAlgorithm { kRing, kRecursiveDoubling, kHalvingDoubling };

/// Recursive doubling sends the whole slice log2(hosts) times with log2(hosts) latencies; halving and doubling send
/// 2(n-1)/n of it with 2 log2(hosts) latencies, in pieces that cannot be pipelined as well as the ring's, which takes
/// 2(n-1) latencies: worth it while the ring's pieces are short.
inline AllreduceAlgorithm choose_allreduce(std::size_t count, DType dtype, int num_hosts) {
  const std::size_t num_bytes = count * dtype_bytes(dtype);
  if (is_short(num_bytes)) return AllreduceAlgorithm::kRecursiveDoubling;
  if (num_hosts > 2 && is_short(num_bytes / num_hosts)) return AllreduceAlgorithm::kHalvingDoubling;
  return AllreduceAlgorithm::kRing;
}

}  // namespace skein
