#include "runtime/process/process_memory.h"

#include <sys/uio.h>

namespace skein {
namespace {

/// Calls `transfer(local, remote)`, which may do less than it is asked for, until all is done.
template <class Transfer>
bool transfer_all(std::uint64_t there, std::byte* here, std::size_t num_bytes, Transfer transfer) {
  while (num_bytes != 0) {
    const iovec local{here, num_bytes};
    const iovec remote{reinterpret_cast<void*>(there), num_bytes};
    const ssize_t moved = transfer(&local, &remote);
    if (moved <= 0) return false;
    here += moved;
    there += static_cast<std::uint64_t>(moved);
    num_bytes -= static_cast<std::size_t>(moved);
  }
  return true;
}

}  // namespace

bool read_process_memory(pid_t pid, std::uint64_t from, std::byte* to, std::size_t num_bytes) {
  return transfer_all(from, to, num_bytes, [pid](const iovec* local, const iovec* remote) {
    return process_vm_readv(pid, local, 1, remote, 1, 0);
  });
}

bool write_process_memory(pid_t pid, std::uint64_t to, const std::byte* from, std::size_t num_bytes) {
  return transfer_all(to, const_cast<std::byte*>(from), num_bytes, [pid](const iovec* local, const iovec* remote) {
    return process_vm_writev(pid, local, 1, remote, 1, 0);
  });
}

}  // namespace skein
