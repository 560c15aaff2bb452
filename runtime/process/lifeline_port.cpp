#include "runtime/process/lifeline_port.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <sstream>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::size_t kIpv4Offset = 12;  // of an IPv4 address in its IPv6 form

NetworkAddress from_ipv4(const in_addr& address) {
  NetworkAddress result{};
  result[10] = result[11] = 0xff;
  std::memcpy(result.data() + kIpv4Offset, &address, sizeof address);
  return result;
}

bool is_ipv4(const NetworkAddress& address) {
  in6_addr ipv6{};
  std::memcpy(&ipv6, address.data(), sizeof ipv6);
  return IN6_IS_ADDR_V4MAPPED(&ipv6);
}

/// Address of an entry that other hosts may reach; false for the rest.
bool usable_address(const ifaddrs& entry, NetworkAddress* address) {
  if (entry.ifa_addr == nullptr || (entry.ifa_flags & IFF_UP) == 0 || (entry.ifa_flags & IFF_LOOPBACK) != 0) return false;
  if (entry.ifa_addr->sa_family == AF_INET) {
    *address = from_ipv4(reinterpret_cast<const sockaddr_in*>(entry.ifa_addr)->sin_addr);
    return true;
  }
  if (entry.ifa_addr->sa_family != AF_INET6) return false;
  const in6_addr& ipv6 = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr)->sin6_addr;
  std::memcpy(address->data(), &ipv6, address->size());
  return !IN6_IS_ADDR_LINKLOCAL(&ipv6);
}

std::set<std::string> split_names(const std::string& list) {
  std::istringstream in(list);
  std::set<std::string> names;
  for (std::string name; std::getline(in, name, ',');)
    if (!name.empty()) names.insert(name);
  return names;
}

void require_known(const std::set<std::string>& wanted, const std::set<std::string>& known) {
  for (const std::string& name : wanted) {
    if (known.contains(name)) continue;
    std::string list;
    for (const std::string& other : known) list += concat(list.empty() ? "" : ", ", other);
    throw ConfigError(concat("SKEIN_NETWORK_INTERFACES names '", name, "', which this host does not have"),
                      concat("name some of its interfaces (", list, "), or unset it"));
  }
}

/// Listens for IPv6 and IPv4 where the system has both.
FileDescriptor listening_socket(std::uint32_t* port) {
  constexpr int kBacklog = 128;
  FileDescriptor both(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int no = 0;
  sockaddr_in6 any6{};
  any6.sin6_family = AF_INET6;
  socklen_t length = sizeof any6;
  if (both && setsockopt(both.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0 &&
      bind(both.get(), reinterpret_cast<sockaddr*>(&any6), sizeof any6) == 0 && listen(both.get(), kBacklog) == 0 &&
      getsockname(both.get(), reinterpret_cast<sockaddr*>(&any6), &length) == 0) {
    *port = ntohs(any6.sin6_port);
    return both;
  }
  FileDescriptor only(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  length = sizeof any;
  if (!only || bind(only.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 ||
      listen(only.get(), kBacklog) != 0 || getsockname(only.get(), reinterpret_cast<sockaddr*>(&any), &length) != 0)
    return FileDescriptor();
  *port = ntohs(any.sin_port);
  return only;
}

}  // namespace

std::vector<NetworkAddress> host_addresses(const std::string& interfaces) {
  const std::set<std::string> wanted = split_names(interfaces);
  std::set<std::string> known;
  std::vector<NetworkAddress> result;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) == 0) {
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(all, freeifaddrs);
    for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
      known.insert(entry->ifa_name);
      NetworkAddress address{};
      if ((wanted.empty() || wanted.contains(entry->ifa_name)) && usable_address(*entry, &address))
        result.push_back(address);
    }
  }
  require_known(wanted, known);
  std::stable_partition(result.begin(), result.end(), is_ipv4);
  return result;
}

NetworkAddress loopback_address() {
  in_addr address{};
  address.s_addr = htonl(INADDR_LOOPBACK);
  return from_ipv4(address);
}

LifelinePort::LifelinePort(const std::string& interfaces) {
  const std::vector<NetworkAddress> addresses = host_addresses(interfaces);
  contact_.num_addresses = static_cast<std::uint32_t>(std::min(addresses.size(), contact_.addresses.size()));
  std::copy_n(addresses.begin(), contact_.num_addresses, contact_.addresses.begin());
  std::random_device random;
  contact_.nonce = std::uint64_t{random()} << 32 | random();
  socket_ = listening_socket(&contact_.port);
}

FileDescriptor begin_to_connect(const NetworkAddress& address, std::uint32_t port) {
  const bool ipv4 = is_ipv4(address);
  FileDescriptor fd(socket(ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fd;
  sockaddr_in to4{};
  to4.sin_family = AF_INET;
  to4.sin_port = htons(static_cast<std::uint16_t>(port));
  std::memcpy(&to4.sin_addr, address.data() + kIpv4Offset, sizeof to4.sin_addr);
  sockaddr_in6 to6{};
  to6.sin6_family = AF_INET6;
  to6.sin6_port = to4.sin_port;
  std::memcpy(&to6.sin6_addr, address.data(), sizeof to6.sin6_addr);
  const auto* to = ipv4 ? reinterpret_cast<const sockaddr*>(&to4) : reinterpret_cast<const sockaddr*>(&to6);
  if (connect(fd.get(), to, ipv4 ? sizeof to4 : sizeof to6) != 0 && errno != EINPROGRESS) return FileDescriptor();
  return fd;
}

}  // namespace skein
