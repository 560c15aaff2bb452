#pragma once
// Topologies for tests, however ranks are placed.

#include <map>
#include <string>
#include <vector>

#include "runtime/process/topology.h"

namespace skein {

/// Rank r on host `hosts[r]`.
inline Topology placed(const std::vector<int>& hosts) {
  Topology topology;
  std::map<int, int> num_local;
  for (const int host : hosts) topology.members.push_back({host, num_local[host]++, 0, "host" + std::to_string(host)});
  return topology;
}

}  // namespace skein
