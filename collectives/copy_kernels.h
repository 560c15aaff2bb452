#pragma once
// Copies too large for caches.

#include <cstddef>

namespace skein {

/// Below this, caches of the size that servers have today hold what is copied, and going past them costs more
/// (measured: copies of 8 MiB take 1.09 times as long, of 32 MiB 0.75 times).
inline constexpr std::size_t kStreamBytes = 16 * 1024 * 1024;

/// As memcpy. Where this and the caller's other copies of the moment, `num_bytes_together`, come to kStreamBytes, what is
/// written goes past the caches to memory, which spares reading it first: for data that nobody uses before much else
/// has been used.
void copy_large(void* to, const void* from, std::size_t num_bytes, std::size_t num_bytes_together = 0);

}  // namespace skein
