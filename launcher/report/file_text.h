#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace skein {

/// The whole file, or nothing where there is none. Throws DataError, naming it, where it cannot be read or is longer than
/// `max_bytes`.
std::optional<std::string> file_text(const std::filesystem::path& file, std::uint64_t max_bytes = 64 << 20);

/// The last `max_bytes` of a file, from the beginning of a line on where it is cut. Throws DataError.
std::string file_tail(const std::filesystem::path& file, std::uint64_t max_bytes);

}  // namespace skein
