#include "launcher/host_addresses.h"

#include <netdb.h>

namespace skein {

std::vector<std::string> hosts_without_address(const HostList& hosts) {
  std::vector<std::string> names;
  for (const Host& host : hosts) {
    addrinfo* found = nullptr;
    if (getaddrinfo(host.name.c_str(), nullptr, nullptr, &found) == 0)
      freeaddrinfo(found);
    else
      names.push_back(host.name);
  }
  return names;
}

}  // namespace skein
