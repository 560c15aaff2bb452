#pragma once
// Memory that several processes of one host map: an anonymous memfd reached through /proc/PID/fd, never a name,
// so that nothing can be left behind and the size of /dev/shm does not matter.

#include <sys/types.h>

#include <cstddef>
#include <memory>

namespace skein {

class SharedRegion {
 public:
  /// New zeroed region. No memory is committed until reserve().
  static std::shared_ptr<SharedRegion> create(std::size_t num_bytes);
  /// Maps the region behind file descriptor `fd` of process `pid`. Throws Error when the system does not allow it.
  static std::shared_ptr<SharedRegion> open(pid_t pid, int fd, std::size_t num_bytes);
  ~SharedRegion();
  SharedRegion(const SharedRegion&) = delete;
  SharedRegion& operator=(const SharedRegion&) = delete;

  std::byte* data() const { return data_; }
  std::size_t num_bytes() const { return num_bytes_; }
  int fd() const { return fd_; }

  /// Commits memory for a part of the region, on the NUMA node of the calling thread, so that a shortage is an error
  /// here and not a SIGBUS later; in huge pages where the system can (measured: 3 to 10 % less time for an allreduce of
  /// 16 MiB and more). Throws Error naming the amount.
  void reserve(std::size_t offset, std::size_t num_bytes);
  /// Enters reserved pages into this process's page table, so that the first use does not fault.
  void prefault(std::size_t offset, std::size_t num_bytes);

 private:
  SharedRegion(int fd, std::size_t num_bytes);
  void collapse(std::size_t offset, std::size_t num_bytes);
  int fd_;
  std::size_t num_bytes_;
  std::byte* data_ = nullptr;
};

}  // namespace skein
