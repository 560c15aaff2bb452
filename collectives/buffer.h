#pragma once
// What a collective works on: plain memory. Knows nothing of tensors.

#include <cstddef>

#include "collectives/dtype.h"

namespace skein {

/// Where memory lives. `stream` is the device's own queue (a cudaStream_t for CUDA) in whose order the buffer becomes
/// ready; null on the CPU.
struct Device {
  enum class Kind { kCpu, kCuda };
  Kind kind = Kind::kCpu;
  int index = 0;
  void* stream = nullptr;
};

/// `count` contiguous elements at `data`. Owns nothing: the memory must live until the collective has completed.
struct Buffer {
  void* data = nullptr;
  std::size_t count = 0;
  DType dtype = DType::kFloat32;
  Device device{};

  std::size_t num_bytes() const { return count * dtype_bytes(dtype); }
};

/// Whose memory is allocated: each rank's own, or one that all ranks of a host have in common.
enum class MemoryOf { kRank, kHost };

}  // namespace skein
