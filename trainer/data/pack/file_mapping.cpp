#include "trainer/data/pack/file_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/file_descriptor.h"
#include "runtime/process/text.h"

namespace skein {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& cause) {
  throw DataError(concat("cannot map ", file.string(), ": ", cause));
}

}  // namespace

FileMapping::FileMapping(const std::filesystem::path& file, uint64_t num_bytes) : num_bytes_(num_bytes) {
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0) refuse(file, std::generic_category().message(errno));
  if (static_cast<uint64_t>(status.st_size) < num_bytes)
    refuse(file, concat("it has ", status.st_size, " bytes instead of ", num_bytes));
  void* address = ::mmap(nullptr, num_bytes, PROT_READ, MAP_SHARED, opened.get(), 0);
  if (address == MAP_FAILED) refuse(file, std::generic_category().message(errno));
  data_ = static_cast<uint8_t*>(address);
  // Images are read in random order and each is asked for as a whole (prefetch): reading ahead of it would be in vain.
  ::madvise(address, num_bytes, MADV_RANDOM);
}

FileMapping::~FileMapping() {
  if (data_ != nullptr) ::munmap(data_, num_bytes_);
}

FileMapping::FileMapping(FileMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), num_bytes_(other.num_bytes_) {}

void FileMapping::prefetch(uint64_t offset, uint64_t num_bytes) const {
  static const auto page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t start = offset / page_bytes * page_bytes;
  ::madvise(data_ + start, offset + num_bytes - start, MADV_WILLNEED);
}

}  // namespace skein
