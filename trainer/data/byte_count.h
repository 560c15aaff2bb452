#pragma once
// Numbers of bytes as people write and read them.

#include <cstdint>
#include <optional>
#include <string>

namespace skein {

/// "4096", "500K", "64M", "1.5G", "2T" (powers of 1024; B or iB may follow the letter). Empty for anything else, and for
/// what is less than one byte or more than 2^62.
std::optional<uint64_t> parse_byte_count(const std::string& text);

/// "140.2 MiB", "812 bytes"
std::string byte_text(uint64_t num_bytes);

}  // namespace skein
