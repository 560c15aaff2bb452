#pragma once
// Whole files in and out of memory. Blocking; any thread.

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "trainer/data/image_source.h"

namespace skein {

/// Reads the file into `buffer`, whose memory is reused, and returns the part that it fills.
/// Throws DataError naming the path and the system's reason.
std::span<const uint8_t> read_file(const std::filesystem::path& path, std::vector<uint8_t>& buffer);

/// Size and time of the last change. Throws DataError naming the path.
ImageStamp stamp_of(const std::filesystem::path& path);

/// Writes the file under a temporary name beside it and renames it: readers see the whole content or none.
/// Throws StorageError naming the path; then nothing is left behind. Does not wait for the disk.
void replace_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);

/// True for the temporary names of replace_file(), which a killed process may leave behind.
bool is_temporary(const std::filesystem::path& path);

}  // namespace skein
