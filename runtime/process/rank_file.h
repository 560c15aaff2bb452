#pragma once
// How files are called of which each rank leaves one.

#include <string>
#include <string_view>

#include "runtime/process/text.h"

namespace skein {

/// "rank_0003.json"; sorted by name they are sorted by rank, up to 9999.
inline std::string rank_file_name(int rank, std::string_view extension) {
  std::string digits = std::to_string(rank);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return concat("rank_", digits, extension);
}

}  // namespace skein
