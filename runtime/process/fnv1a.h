#pragma once
// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): tells apart what differs by mistake, no protection against
// intent.

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace skein {

inline std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

/// The same as 16 hexadecimal digits.
inline std::string fnv1a_hex(std::string_view bytes) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(fnv1a(bytes)));
  return digits.data();
}

}  // namespace skein
