#pragma once
// Copies too large for caches.

#include <cstddef>

namespace skein {

/// Below this, caches of the size that servers have today hold what is copied, and going past them costs more
/// (measured: copies of 8 MiB take 1.09 times as long, of 32 MiB 0.75 times).
inline constexpr std::size_t kStreamBytes = 16 * 1024 * 1024;

/// As memcpy, of any alignment; what is written goes past the caches to memory. Other cores that see a later store
/// of this thread see all of it.
void copy_past_caches(void* to, const void* from, std::size_t num_bytes);

/// As memcpy. Where this and the caller's other copies of the moment, `num_bytes_together`, come to kStreamBytes, it is
/// copy_past_caches(), which spares reading first what is written: for data that nobody uses before much else
/// has been used.
void copy_large(void* to, const void* from, std::size_t num_bytes, std::size_t num_bytes_together = 0);

/// As memcpy, for data that another core has written: asks for it further ahead than the processor does by itself.
void copy_ahead(void* to, const void* from, std::size_t num_bytes);

}  // namespace skein
