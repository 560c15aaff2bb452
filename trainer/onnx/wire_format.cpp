#include "trainer/onnx/wire_format.h"

#include <bit>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

// Wire types.
constexpr int kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;
constexpr int kBitsPerByte = 7;  // of a varint

static_assert(std::endian::native == std::endian::little, "the wire format is little-endian");

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= kBitsPerByte) bytes += static_cast<char>(value | 0x80);
  return bytes += static_cast<char>(value);
}

}  // namespace

void ProtoMessage::append(std::string_view bytes) {
  if (pieces_.empty() || pieces_.back().is_view) pieces_.emplace_back();
  pieces_.back().own += bytes;
  num_bytes_ += bytes.size();
}

void ProtoMessage::append_varint(std::uint64_t value) {
  append(varint(value));
}

void ProtoMessage::append_key(int field, int wire_type) {
  append_varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire_type));
}

void ProtoMessage::add(int field, std::int64_t value) {
  append_key(field, kVarint);
  append_varint(static_cast<std::uint64_t>(value));
}

void ProtoMessage::add(int field, float value) {
  append_key(field, kFixed32);
  append({reinterpret_cast<const char*>(&value), sizeof value});
}

void ProtoMessage::add(int field, std::string_view text) {
  append_key(field, kBytes);
  append_varint(text.size());
  append(text);
}

void ProtoMessage::add(int field, const ProtoMessage& message) {
  append_key(field, kBytes);
  append_varint(message.num_bytes_);
  for (const Piece& piece : message.pieces_) {
    if (!piece.is_view) {
      append(piece.own);
      continue;
    }
    pieces_.push_back(piece);
    num_bytes_ += piece.view.size();
  }
}

void ProtoMessage::add(int field, std::span<const std::int64_t> values) {
  std::string packed;
  for (const std::int64_t value : values) packed += varint(static_cast<std::uint64_t>(value));
  add(field, packed);
}

void ProtoMessage::add_view(int field, std::span<const std::byte> bytes) {
  append_key(field, kBytes);
  append_varint(bytes.size());
  pieces_.push_back({.own = {}, .view = bytes, .is_view = true});
  num_bytes_ += bytes.size();
}

bool ProtoReader::next(ProtoField& field) {
  if (rest_.empty()) return false;
  const std::uint64_t key = take_varint();
  field = {};
  field.number = static_cast<int>(key >> 3);
  if (key >> 3 == 0 || key >> 3 > 0x1fffffff) fail("has a field without a number");
  switch (key & 7) {
    case kVarint: field.varint = take_varint(); break;
    case kFixed64: std::memcpy(&field.varint, take(8).data(), 8); break;
    case kFixed32: std::memcpy(&field.varint, take(4).data(), 4); break;
    case kBytes:
      field.bytes = take(take_varint());
      field.is_bytes = true;
      break;
    default: fail("has a field of an unknown kind");
  }
  return true;
}

std::vector<std::int64_t> ProtoReader::integers(const ProtoField& field) const {
  if (!field.is_bytes) return {field.integer()};
  std::vector<std::int64_t> values;
  for (ProtoReader packed(field.bytes, where_); !packed.rest_.empty();)
    values.push_back(static_cast<std::int64_t>(packed.take_varint()));
  return values;
}

std::uint64_t ProtoReader::take_varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += kBitsPerByte) {
    const auto byte = std::to_integer<std::uint64_t>(take(1)[0]);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail("has a number of more than 64 bits");
}

std::span<const std::byte> ProtoReader::take(std::uint64_t num_bytes) {
  if (num_bytes > rest_.size()) fail("is cut short");
  const auto taken = rest_.first(num_bytes);
  rest_ = rest_.subspan(num_bytes);
  return taken;
}

void ProtoReader::fail(std::string_view what) const {
  throw DataError(concat(where_, " ", what), "the file is damaged or no ONNX model; export it again");
}

}  // namespace skein
