#include "runtime/process/shared_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

[[noreturn]] void throw_errno(const std::string& what, int code) {
  throw Error(concat(what, ": ", std::strerror(code)));
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
  void* address = mmap(nullptr, num_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) {
    const int code = errno;
    close(fd);
    throw_errno(concat("cannot map ", num_bytes, " bytes of shared memory"), code);
  }
  data_ = static_cast<std::byte*>(address);
  madvise(data_, num_bytes, MADV_HUGEPAGE);  // a wish: the system's shmem policy decides
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
    throw Error(concat("not enough memory for ", num_bytes, " bytes shared between the ranks of this host: ",
                       std::strerror(code)),
                "run fewer ranks a host, a smaller model, or raise the memory limit of the job");
}

void SharedRegion::prefault(std::size_t offset, std::size_t num_bytes) {
  madvise(data_ + offset, num_bytes, MADV_POPULATE_WRITE);  // where the kernel has it; faults do the rest
}

}  // namespace skein
