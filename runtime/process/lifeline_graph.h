#pragma once
// Who keeps a lifeline to whom: a ring along each host, and a ring of hosts for each local rank.

#include <vector>

#include "runtime/process/topology.h"

namespace skein {

/// Ranks to which `rank` connects: the next one of its host, and its counterpart on the next host. Whatever single rank
/// or host is lost, the others still reach each other.
std::vector<int> lifeline_targets(const Topology& topology, int rank);
/// Ranks that connect to `rank`.
std::vector<int> lifeline_dialers(const Topology& topology, int rank);

}  // namespace skein
