#pragma once
// Plain TCP between hosts, to learn what their links carry.

#include <cstddef>
#include <vector>

#include "collectives/communicator.h"
#include "runtime/process/file_descriptor.h"

namespace skein::bench {

/// One connection from the first rank of each host to that of the next one.
class TcpRing {
 public:
  /// Collective. Throws Error when the hosts cannot reach each other.
  explicit TcpRing(Communicator& comm);
  /// Sends so many bytes to the next host while as many come from the one before. Only the first rank of each host has
  /// to call it.
  void exchange(std::size_t num_bytes);

 private:
  FileDescriptor next_;
  FileDescriptor previous_;
  std::vector<std::byte> outgoing_;
  std::vector<std::byte> incoming_;
};

}  // namespace skein::bench
