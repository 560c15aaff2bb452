#include "runtime/run/event_file.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>

#include "runtime/process/environment.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"

namespace skein {
namespace {

// Field numbers of tensorflow.Event, tensorflow.Summary and tensorflow.Summary.Value.
constexpr int kEventWallTime = 1, kEventStep = 2, kEventFileVersion = 3, kEventSummary = 5;
constexpr int kSummaryValue = 1;
constexpr int kValueTag = 1, kValueSimpleValue = 2;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = crc;
  }
  return table;
}

/// The host's bytes are the file's: little endian.
template <class T>
void append_bytes(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

/// Protobuf's wire format, as far as an Event needs it.
class Message {
 public:
  void add_integer(int field, std::int64_t value) {
    append_varint(static_cast<std::uint64_t>(field) << 3);
    append_varint(static_cast<std::uint64_t>(value));
  }
  void add_double(int field, double value) {
    append_varint(static_cast<std::uint64_t>(field) << 3 | 1);
    append_bytes(bytes_, value);
  }
  void add_float(int field, float value) {
    append_varint(static_cast<std::uint64_t>(field) << 3 | 5);
    append_bytes(bytes_, value);
  }
  void add_bytes(int field, std::string_view value) {
    append_varint(static_cast<std::uint64_t>(field) << 3 | 2);
    append_varint(value.size());
    bytes_.append(value);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void append_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  std::string bytes_;
};

std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

std::filesystem::path unique_path(const std::filesystem::path& directory) {
  const auto seconds = static_cast<std::int64_t>(unix_seconds());
  for (int i = 0;; ++i) {
    auto path = directory / concat("events.out.tfevents.", seconds, ".", host_name(), ".", getpid(), ".", i);
    if (!std::filesystem::exists(path)) return path;
  }
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = make_crc_table();
  std::uint32_t crc = ~0u;
  for (const unsigned char byte : bytes) crc = kTable[(crc ^ byte) & 0xff] ^ (crc >> 8);
  return ~crc;
}

EventFile::EventFile(const std::filesystem::path& directory) : file_(unique_path(directory)) {
  Message event;
  event.add_double(kEventWallTime, unix_seconds());
  event.add_bytes(kEventFileVersion, "brain.Event:2");
  add_record(event.bytes());
}

void EventFile::add_scalar(const std::string& tag, double value, std::int64_t step, double time) {
  Message scalar, summary, event;
  scalar.add_bytes(kValueTag, tag);
  scalar.add_float(kValueSimpleValue, static_cast<float>(value));
  summary.add_bytes(kSummaryValue, scalar.bytes());
  event.add_double(kEventWallTime, time);
  event.add_integer(kEventStep, step);
  event.add_bytes(kEventSummary, summary.bytes());
  add_record(event.bytes());
}

void EventFile::add_record(std::string_view event) {
  std::string record;
  append_bytes(record, static_cast<std::uint64_t>(event.size()));
  append_bytes(record, masked_crc(record));
  record.append(event);
  append_bytes(record, masked_crc(event));
  file_.append_raw(record);
}

}  // namespace skein
