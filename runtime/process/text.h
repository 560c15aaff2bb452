#pragma once
// Small text helpers; g++ 12 has no <format>, and fmt must not meet LibTorch's own copy of it.

#include <sstream>
#include <string>

namespace skein {

/// Streams all arguments into one string: concat("rank ", 3, " is gone").
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace skein
