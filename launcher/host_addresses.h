#pragma once
// Whether names of hosts mean anything on this machine.

#include <string>
#include <vector>

#include "launcher/host_list.h"

namespace skein {

/// The names for which this machine finds no address; an alias that only ssh knows is among them. May ask a name server,
/// and take as long as that does.
std::vector<std::string> hosts_without_address(const HostList& hosts);

}  // namespace skein
