#pragma once
// Protobuf's wire format, as far as TensorBoard's files need it.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace skein {

/// The host's bytes are the file's: little endian.
template <class T>
void append_bytes(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

/// A message under construction: fields by their numbers, in any order.
class ProtobufMessage {
 public:
  ProtobufMessage& add_integer(int field, std::int64_t value) {
    append_varint(static_cast<std::uint64_t>(field) << 3);
    append_varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtobufMessage& add_double(int field, double value) {
    append_varint(static_cast<std::uint64_t>(field) << 3 | 1);
    append_bytes(bytes_, value);
    return *this;
  }
  ProtobufMessage& add_float(int field, float value) {
    append_varint(static_cast<std::uint64_t>(field) << 3 | 5);
    append_bytes(bytes_, value);
    return *this;
  }
  /// Also for texts (UTF-8).
  ProtobufMessage& add_bytes(int field, std::string_view value) {
    append_varint(static_cast<std::uint64_t>(field) << 3 | 2);
    append_varint(value.size());
    bytes_.append(value);
    return *this;
  }
  ProtobufMessage& add_message(int field, const ProtobufMessage& message) { return add_bytes(field, message.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void append_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  std::string bytes_;
};

}  // namespace skein
