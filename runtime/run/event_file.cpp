#include "runtime/run/event_file.h"

#include <unistd.h>

#include <array>
#include <bit>

#include "runtime/process/environment.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"

namespace skein {
namespace {

// Field numbers of tensorflow.Event and tensorflow.SessionLog.
constexpr int kEventWallTime = 1, kEventStep = 2, kEventFileVersion = 3, kEventSummary = 5, kEventSessionLog = 7;
constexpr int kSessionStatus = 1, kSessionStart = 1;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = crc;
  }
  return table;
}

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
  ProtobufMessage event;
  event.add_double(kEventWallTime, unix_seconds());
  event.add_bytes(kEventFileVersion, "brain.Event:2");
  add_record(event.bytes());
}

void EventFile::add_summary(const ProtobufMessage& summary, std::int64_t step, double time) {
  ProtobufMessage event;
  event.add_double(kEventWallTime, time).add_integer(kEventStep, step).add_message(kEventSummary, summary);
  add_record(event.bytes());
}

void EventFile::add_restart(std::int64_t first_step) {
  ProtobufMessage event;
  event.add_double(kEventWallTime, unix_seconds()).add_integer(kEventStep, first_step);
  event.add_message(kEventSessionLog, ProtobufMessage().add_integer(kSessionStatus, kSessionStart));
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
