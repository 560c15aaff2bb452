#pragma once
// Where other ranks can reach this one by TCP, beside MPI.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/process/file_descriptor.h"

namespace skein {

/// An IPv6 address, or an IPv4 one in its IPv6 form.
using NetworkAddress = std::array<std::uint8_t, 16>;

/// What a rank tells all others at the start. Plain bytes.
struct LifelineContact {
  std::uint64_t nonce = 0;  ///< proves who is at the other end of a connection
  std::uint32_t port = 0;   ///< 0: this rank cannot be reached
  std::uint32_t num_addresses = 0;
  std::array<NetworkAddress, 6> addresses{};
};

/// Addresses of the interfaces that are up, but for loopback and link-local ones. `interfaces`, names separated by
/// commas, leaves out all others; throws ConfigError when it names one that does not exist.
std::vector<NetworkAddress> host_addresses(const std::string& interfaces);
NetworkAddress loopback_address();

/// A listening socket on a port that the system chooses.
class LifelinePort {
 public:
  /// Never throws for a lack of network: then the contact has no port.
  explicit LifelinePort(const std::string& interfaces);
  int fd() const { return socket_.get(); }
  const LifelineContact& contact() const { return contact_; }

 private:
  FileDescriptor socket_;
  LifelineContact contact_;
};

/// A socket that has begun to connect, without blocking; negative when that fails at once.
FileDescriptor begin_to_connect(const NetworkAddress& address, std::uint32_t port);

}  // namespace skein
