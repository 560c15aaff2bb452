#pragma once
// What one rank adds to a timeline: a file of fixed records that is complete at every moment, also when the rank is killed.

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/process/file_descriptor.h"
#include "runtime/trace/job_clock.h"

namespace skein {

/// One call. Times are nanoseconds of the rank's steady clock, 0 for what has not happened: from asked to begun it was
/// queued behind others, to met it waited for other ranks, to finished data moved. Texts are cut to fit and end with a 0.
struct TimelineRecord {
  std::array<char, 24> operation;
  std::array<char, 64> name;
  std::array<char, 40> communicator;
  std::array<char, 12> dtype;
  std::uint32_t complete;  ///< 1 once all before and `sequence` to `begun_ns` are written
  std::uint64_t sequence;
  std::uint64_t num_bytes;
  std::int64_t asked_ns;
  std::int64_t begun_ns;
  std::int64_t met_ns;
  std::int64_t finished_ns;
};
static_assert(sizeof(TimelineRecord) == 192);

/// DIRECTORY/rank_NNNN.part, mapped into memory. begin() and the pointers it returns may be used by any thread.
class TimelinePart {
 public:
  /// 48 MiB of address space; the file takes as much of the disk as has been written.
  static constexpr std::uint64_t kMostRecords = 1u << 18;

  /// Replaces what an earlier job left there. Throws StorageError when the file cannot be made.
  TimelinePart(const std::filesystem::path& directory, int rank, int world_size, const std::string& host);
  ~TimelinePart();
  TimelinePart(const TimelinePart&) = delete;
  TimelinePart& operator=(const TimelinePart&) = delete;

  /// Of this rank to the job's; times before are as if the clocks were one.
  void set_clock(const JobClock& clock);
  /// Nothing is recorded while it is off.
  void set_recording(bool on) { recording_.store(on, std::memory_order_relaxed); }
  bool is_recording() const { return recording_.load(std::memory_order_relaxed); }
  /// The record of a call that begins, to be completed when it has met and finished; null when it is off or full, or there
  /// is no room on the disk.
  TimelineRecord* begin(const TimelineRecord& facts);
  /// Gives back what the file does not need. Records stay valid.
  void close();

  struct Header;

 private:
  bool make_room(std::uint64_t num_records);

  std::filesystem::path file_;
  Header* header_ = nullptr;
  TimelineRecord* records_ = nullptr;
  FileDescriptor descriptor_;
  std::atomic<bool> recording_{true};
  std::atomic<std::uint64_t> room_{0};  // records for which there is room on the disk
  std::mutex enlarging_;
};

/// Copies as much of `text` as there is room for.
template <std::size_t N>
void set_text(std::array<char, N>& field, std::string_view text) {
  field.fill('\0');
  text.copy(field.data(), N - 1);
}

/// A part as read back.
struct TimelineContent {
  int rank = 0;
  int world_size = 0;
  std::string host;
  JobClock clock;
  std::uint64_t num_dropped = 0;  ///< calls for which there was no room
  std::vector<TimelineRecord> records;
};

/// The file of `rank`.
std::filesystem::path timeline_part_file(const std::filesystem::path& directory, int rank);
/// Throws ConfigError, with the file's name, for what is no part of a timeline or of another version.
TimelineContent read_timeline_part(const std::filesystem::path& file);

}  // namespace skein
