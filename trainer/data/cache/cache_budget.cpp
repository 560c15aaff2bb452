#include "trainer/data/cache/cache_budget.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "runtime/process/error.h"
#include "runtime/process/file_descriptor.h"
#include "runtime/process/text.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCountFile = "skein-cache.used";

[[noreturn]] void refuse(const fs::path& folder) {
  throw StorageError(concat("cannot use ", folder.string(), " as a cache: ", std::generic_category().message(errno)),
                     "choose a folder on a local disk that you may write to with --cache-dir");
}

uint64_t bytes_below(const fs::path& folder) {
  uint64_t num_bytes = 0;
  std::error_code gone;
  for (const auto& entry : fs::recursive_directory_iterator(folder, gone))
    if (entry.is_regular_file(gone)) num_bytes += entry.file_size(gone);
  return num_bytes;
}

/// Whoever comes first counts.
void begin_count(const FileDescriptor& file, const fs::path& folder) {
  if (::flock(file.get(), LOCK_EX) != 0) refuse(folder);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) refuse(folder);
  if (status.st_size != sizeof(uint64_t)) {
    const uint64_t num_bytes = bytes_below(folder);
    if (::pwrite(file.get(), &num_bytes, sizeof(num_bytes), 0) != sizeof(num_bytes)) refuse(folder);
  }
  ::flock(file.get(), LOCK_UN);
}

}  // namespace

CacheBudget::CacheBudget(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

CacheBudget::CacheBudget(uint64_t limit_bytes, const fs::path& folder) : limit_bytes_(limit_bytes) {
  std::error_code error;
  fs::create_directories(folder, error);
  errno = error.value();
  if (error) refuse(folder);
  const FileDescriptor file(::open((folder / kCountFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file) refuse(folder);
  begin_count(file, folder);
  void* address = ::mmap(nullptr, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) refuse(folder);
  count_ = static_cast<uint64_t*>(address);
}

CacheBudget::~CacheBudget() {
  if (count_ != &own_count_) ::munmap(count_, sizeof(uint64_t));
}

bool CacheBudget::take(uint64_t num_bytes) {
  const std::atomic_ref<uint64_t> count(*count_);
  uint64_t used = count.load(std::memory_order_relaxed);
  do {
    if (num_bytes > limit_bytes_ || used > limit_bytes_ - num_bytes) return false;
  } while (!count.compare_exchange_weak(used, used + num_bytes, std::memory_order_relaxed));
  return true;
}

void CacheBudget::give_back(uint64_t num_bytes) {
  const std::atomic_ref<uint64_t> count(*count_);
  uint64_t used = count.load(std::memory_order_relaxed);
  while (!count.compare_exchange_weak(used, used - std::min(used, num_bytes), std::memory_order_relaxed)) {
  }
}

uint64_t CacheBudget::used_bytes() const {
  return std::atomic_ref<uint64_t>(*count_).load(std::memory_order_relaxed);
}

}  // namespace skein
