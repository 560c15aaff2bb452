#include "runtime/trace/timeline_part.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "runtime/process/error.h"
#include "runtime/process/rank_file.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::array<char, 8> kMagic = {'S', 'K', 'E', 'I', 'N', 'T', 'L', '\0'};
constexpr std::uint32_t kVersion = 1;

}  // namespace

struct TimelinePart::Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::int32_t rank;
  std::int32_t world_size;
  std::int32_t unused;
  std::array<char, 64> host;
  std::int64_t offset_ns;
  std::int64_t uncertainty_ns;
  std::int64_t job_start_ns;
  std::atomic<std::uint64_t> num_begun;  // may exceed kMostRecords
};

namespace {

constexpr std::size_t kHeaderBytes = 192;
static_assert(sizeof(TimelinePart::Header) <= kHeaderBytes);
constexpr std::size_t kFileBytes = kHeaderBytes + TimelinePart::kMostRecords * sizeof(TimelineRecord);

}  // namespace

std::filesystem::path timeline_part_file(const std::filesystem::path& directory, int rank) {
  return directory / rank_file_name(rank, ".part");
}

TimelinePart::TimelinePart(const std::filesystem::path& directory, int rank, int world_size, const std::string& host)
    : file_(timeline_part_file(directory, rank)) {
  const auto refuse = [&](const char* what) {
    throw StorageError(concat("cannot ", what, " ", file_.string(), " for the timeline: ", std::strerror(errno)),
                       "choose another file for the timeline");
  };
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  descriptor_ = FileDescriptor(open(file_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!descriptor_) refuse("create");
  if (!make_room(1)) refuse("enlarge");
  void* memory = mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.get(), 0);
  if (memory == MAP_FAILED) refuse("map");
  header_ = new (memory) Header{kMagic, kVersion, rank, world_size, 0, {}, 0, 0, 0, {}};
  set_text(header_->host, host);
  records_ = reinterpret_cast<TimelineRecord*>(static_cast<std::byte*>(memory) + kHeaderBytes);
}

TimelinePart::~TimelinePart() {
  close();
  munmap(header_, kFileBytes);
}

void TimelinePart::set_clock(const JobClock& clock) {
  header_->offset_ns = clock.offset_ns;
  header_->uncertainty_ns = clock.uncertainty_ns;
  header_->job_start_ns = clock.job_start_ns;
}

TimelineRecord* TimelinePart::begin(const TimelineRecord& facts) {
  if (!is_recording()) return nullptr;
  const std::uint64_t number = header_->num_begun.fetch_add(1, std::memory_order_relaxed);
  if (number >= kMostRecords || !make_room(number + 1)) return nullptr;
  TimelineRecord* record = &records_[number];
  *record = facts;
  std::atomic_ref(record->complete).store(1, std::memory_order_release);
  return record;
}

/// Memory without room behind it on the disk would end the process where it is written.
bool TimelinePart::make_room(std::uint64_t num_records) {
  if (num_records <= room_.load(std::memory_order_relaxed)) return true;
  constexpr std::uint64_t kAtOnce = 4096;
  std::lock_guard lock(enlarging_);
  if (num_records <= room_) return true;
  const std::uint64_t wanted = std::min((num_records + kAtOnce - 1) / kAtOnce * kAtOnce, kMostRecords);
  errno = posix_fallocate(descriptor_.get(), 0, static_cast<off_t>(kHeaderBytes + wanted * sizeof(TimelineRecord)));
  if (errno != 0) return false;
  room_ = wanted;
  return true;
}

void TimelinePart::close() {
  set_recording(false);
  // Behind the last record nothing is touched any more.
  const std::uint64_t num_records = std::min<std::uint64_t>(header_->num_begun, room_);
  const auto num_bytes = static_cast<off_t>(kHeaderBytes + num_records * sizeof(TimelineRecord));
  [[maybe_unused]] const int result = ftruncate(descriptor_.get(), num_bytes);
}

TimelineContent read_timeline_part(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    throw ConfigError(concat(file.string(), ": ", why), "take it away: the timeline is then made of the other ranks");
  };
  std::ifstream in(file, std::ios::binary);
  alignas(TimelinePart::Header) std::array<char, kHeaderBytes> bytes{};
  in.read(bytes.data(), bytes.size());
  const auto& header = *reinterpret_cast<const TimelinePart::Header*>(bytes.data());
  if (!in || header.magic != kMagic) refuse("not a part of a timeline");
  if (header.version != kVersion)
    refuse(concat("a part of a timeline in version ", header.version, "; this Skein reads version ", kVersion));
  TimelineContent content;
  content.rank = header.rank;
  content.world_size = header.world_size;
  content.host.assign(header.host.data(), strnlen(header.host.data(), header.host.size()));
  content.clock = {header.offset_ns, header.uncertainty_ns, header.job_start_ns};
  TimelineRecord record;
  while (in.read(reinterpret_cast<char*>(&record), sizeof record)) {
    if (record.complete == 0) continue;  // the rank was killed while it wrote this one
    for (char* last : {&record.operation.back(), &record.name.back(), &record.communicator.back(), &record.dtype.back()})
      *last = '\0';
    content.records.push_back(record);
  }
  content.num_dropped = header.num_begun - content.records.size();
  return content;
}

}  // namespace skein
