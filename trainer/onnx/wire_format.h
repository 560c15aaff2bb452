#pragma once
// Protocol Buffers' wire format, as much of it as ONNX files need: protobuf.dev/programming-guides/encoding. By hand, because
// LibTorch carries a protobuf of its own whose symbols another one in the same process would meet.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skein {

/// A message under construction. Large byte fields are referred to, not copied, also when the message becomes part of another:
/// what is given to add_view() must outlive it.
class ProtoMessage {
 public:
  void add(int field, std::int64_t value);
  void add(int field, float value);
  void add(int field, std::string_view text);
  void add(int field, const char* text) { add(field, std::string_view(text)); }
  void add(int field, const ProtoMessage& message);
  /// Repeated numbers, packed.
  void add(int field, std::span<const std::int64_t> values);
  void add_view(int field, std::span<const std::byte> bytes);

  std::uint64_t num_bytes() const { return num_bytes_; }
  /// Calls write(std::string_view) for piece after piece.
  template <class Write>
  void for_each_piece(Write&& write) const {
    for (const Piece& piece : pieces_)
      write(piece.is_view ? std::string_view(reinterpret_cast<const char*>(piece.view.data()), piece.view.size()) : piece.own);
  }

 private:
  struct Piece {
    std::string own;
    std::span<const std::byte> view;
    bool is_view = false;
  };
  void append(std::string_view bytes);
  void append_varint(std::uint64_t value);
  void append_key(int field, int wire_type);

  std::vector<Piece> pieces_;
  std::uint64_t num_bytes_ = 0;
};

/// One field as it was read.
struct ProtoField {
  int number = 0;
  std::uint64_t varint = 0;          ///< wire type 0, and the bits of 1 (64 bits) and 5 (32 bits)
  std::span<const std::byte> bytes;  ///< wire type 2: text, a message or packed numbers
  bool is_bytes = false;

  std::string text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  std::int64_t integer() const { return static_cast<std::int64_t>(varint); }
};

/// Reads a message field by field from memory of somebody else's, never beyond its end. `where` names the file in errors and must
/// outlive the reader.
class ProtoReader {
 public:
  ProtoReader(std::span<const std::byte> bytes, std::string_view where) : rest_(bytes), where_(where) {}
  /// False at the end. Throws DataError where the bytes are no message.
  bool next(ProtoField& field);
  /// The numbers of a packed field (or the single one of a field that is not packed).
  std::vector<std::int64_t> integers(const ProtoField& field) const;
  [[noreturn]] void fail(std::string_view what) const;

 private:
  std::uint64_t take_varint();
  std::span<const std::byte> take(std::uint64_t num_bytes);

  std::span<const std::byte> rest_;
  std::string_view where_;
};

}  // namespace skein
