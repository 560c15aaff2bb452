#include "runtime/process/shared_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

[[noreturn]] void throw_errno(const std::string& what, int code) {
  throw Error(concat(what, ": ", std::strerror(code)));
}

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kHugePageBytes = 2 << 20;
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1; unknown to older C libraries
#endif

/// `address` rounded up to a huge page: only there can the kernel put one.
std::byte* aligned(std::byte* address) {
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  return address + ((number + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes - number);
}

/// Maps the whole file at an aligned address. MAP_FAILED on error.
void* map_aligned(int fd, std::size_t num_bytes) {
  const std::size_t num_reserved = num_bytes + kHugePageBytes;
  void* const reserved = mmap(nullptr, num_reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return MAP_FAILED;
  auto* const begin = static_cast<std::byte*>(reserved);
  std::byte* const data = aligned(begin);
  void* const mapped = mmap(data, num_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  const int code = errno;
  if (mapped == MAP_FAILED) {
    munmap(begin, num_reserved);
  } else {
    if (data != begin) munmap(begin, data - begin);
    std::byte* const end = data + (num_bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
    munmap(end, begin + num_reserved - end);
  }
  errno = code;
  return mapped;
}

}  // namespace

std::shared_ptr<SharedRegion> SharedRegion::create(std::size_t num_bytes) {
  const int fd = memfd_create("skein-arena", MFD_CLOEXEC);
  if (fd < 0) throw_errno("cannot create shared memory", errno);
  if (ftruncate(fd, static_cast<off_t>(num_bytes)) != 0) {
    const int code = errno;
    close(fd);
    throw_errno(concat("cannot size shared memory to ", num_bytes, " bytes"), code);
  }
  return std::shared_ptr<SharedRegion>(new SharedRegion(fd, num_bytes));
}

std::shared_ptr<SharedRegion> SharedRegion::open(pid_t pid, int fd, std::size_t num_bytes) {
  const std::string path = concat("/proc/", pid, "/fd/", fd);
  const int own_fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (own_fd < 0) throw_errno("cannot open shared memory " + path, errno);
  return std::shared_ptr<SharedRegion>(new SharedRegion(own_fd, num_bytes));
}

SharedRegion::SharedRegion(int fd, std::size_t num_bytes) : fd_(fd), num_bytes_(num_bytes) {
  void* const address = map_aligned(fd, num_bytes);
  if (address == MAP_FAILED) {
    const int code = errno;
    close(fd);
    throw_errno(concat("cannot map ", num_bytes, " bytes of shared memory"), code);
  }
  data_ = static_cast<std::byte*>(address);
}

SharedRegion::~SharedRegion() {
  munmap(data_, num_bytes_);
  close(fd_);
}

void SharedRegion::reserve(std::size_t offset, std::size_t num_bytes) {
  if (num_bytes == 0) return;
  int code = 0;
  do {
    code = fallocate(fd_, 0, static_cast<off_t>(offset), static_cast<off_t>(num_bytes)) == 0 ? 0 : errno;
  } while (code == EINTR);
  if (code != 0)
    throw Error(concat("not enough memory for ", num_bytes,
                       " bytes shared between the ranks of this host: ", std::strerror(code)),
                "run fewer ranks a host, a smaller model, or raise the memory limit of the job");
  collapse(offset, num_bytes);
}

void SharedRegion::collapse(std::size_t offset, std::size_t num_bytes) {
  std::byte* const begin = aligned(data_ + offset);
  std::byte* const end = data_ + offset + num_bytes;
  if (begin + kHugePageBytes > end) return;
  madvise(begin, (end - begin) / kHugePageBytes * kHugePageBytes, MADV_COLLAPSE);  // a wish: small pages do as well
}

void SharedRegion::prefault(std::size_t offset, std::size_t num_bytes) {
  madvise(data_ + offset, num_bytes, MADV_POPULATE_WRITE);  // where the kernel has it; faults do the rest
}

}  // namespace skein
