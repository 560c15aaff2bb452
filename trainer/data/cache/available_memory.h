#pragma once
// What is left for caches.

#include <cstdint>
#include <filesystem>

namespace skein {

/// Bytes of memory that this process could still use: what the host has available, and what its control group allows.
uint64_t available_memory();

/// Bytes that a cache on the file system of `folder` may take so that a tenth of it stays free, beside the `used` bytes
/// that it has already.
uint64_t disk_for_cache(const std::filesystem::path& folder, uint64_t used);

}  // namespace skein
