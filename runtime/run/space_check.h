#pragma once
// Says before training, not after it, that outputs cannot be written.

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "runtime/run/storage_error.h"

namespace skein {

/// Creates `directory` where it is missing, writes and syncs a small probe file there and removes it, and
/// checks that at least `needed_bytes` are free. Throws StorageError that names the directory, the reason and
/// the remedy; `flags` of the program choose another place.
void require_writable(const std::filesystem::path& directory, std::uint64_t needed_bytes = 0,
                      std::string_view flags = kFlagsOfRunPlaces);

/// std::filesystem::create_directories with StorageError.
void make_directories(const std::filesystem::path& directory, std::string_view flags = kFlagsOfRunPlaces);

}  // namespace skein
