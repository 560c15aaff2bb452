#pragma once
// Reads little-endian fields one after another and never beyond the end.

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

/// A position in bytes owned by somebody else, which are the `what` of the file `path`; both texts must
/// outlive it. Every read throws DataError, with those two, when the bytes do not suffice.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string_view path, std::string_view what)
      : bytes_(bytes), path_(path), what_(what) {}

  template <class Number>
  Number number() {
    static_assert(std::is_arithmetic_v<Number>);
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view text(size_t num_bytes) {
    const auto bytes = take(num_bytes);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// Up to the next newline, which is consumed and not returned.
  std::string_view line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) cut_short();
    text(end + 1);
    return rest.substr(0, end);
  }

  std::span<const std::byte> take(size_t num_bytes) {
    if (num_bytes > bytes_.size()) cut_short();
    const auto taken = bytes_.first(num_bytes);
    bytes_ = bytes_.subspan(num_bytes);
    return taken;
  }

  size_t num_left() const { return bytes_.size(); }

 private:
  [[noreturn]] void cut_short() const {
    throw DataError(concat(path_, ": ", what_, " is cut short"),
                    "the file is truncated or damaged; download or save it again");
  }

  std::span<const std::byte> bytes_;
  std::string_view path_;
  std::string_view what_;
};

}  // namespace skein
