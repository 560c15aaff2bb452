#pragma once
// The memory of another process of this host, read and written by the kernel without that process taking part.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace skein {

/// Copies `num_bytes` from address `from` of process `pid`. False, with errno set, when the kernel refuses, the process
/// has died, or has nothing there; part of `to` may then be written.
bool read_process_memory(pid_t pid, std::uint64_t from, std::byte* to, std::size_t num_bytes);
/// Copies `num_bytes` to address `to` of process `pid`; otherwise the same.
bool write_process_memory(pid_t pid, std::uint64_t to, const std::byte* from, std::size_t num_bytes);

}  // namespace skein
