#include "runtime/process/lifeline_graph.h"

#include <algorithm>

namespace skein {
namespace {

/// Two ranks of a host need no second connection back; hosts have one in each direction.
std::vector<int> targets_of(const Topology::Member& member, const std::vector<std::vector<int>>& ranks_of_hosts) {
  std::vector<int> targets;
  const std::vector<int>& local = ranks_of_hosts[member.host];
  const auto num_local = static_cast<int>(local.size());
  if (num_local > 2 || (num_local == 2 && member.local_rank == 0))
    targets.push_back(local[(member.local_rank + 1) % num_local]);
  if (ranks_of_hosts.size() < 2) return targets;
  const std::vector<int>& next = ranks_of_hosts[(member.host + 1) % ranks_of_hosts.size()];
  targets.push_back(next[member.local_rank % next.size()]);
  return targets;
}

std::vector<std::vector<int>> ranks_of_hosts(const Topology& topology) {
  std::vector<std::vector<int>> ranks;
  for (int host = 0; host < topology.num_hosts(); ++host) ranks.push_back(topology.ranks_of_host(host));
  return ranks;
}

}  // namespace

std::vector<int> lifeline_targets(const Topology& topology, int rank) {
  return targets_of(topology.members[rank], ranks_of_hosts(topology));
}

std::vector<int> lifeline_dialers(const Topology& topology, int rank) {
  const std::vector<std::vector<int>> hosts = ranks_of_hosts(topology);
  std::vector<int> dialers;
  for (int other = 0; other < topology.world_size(); ++other) {
    const std::vector<int> targets = targets_of(topology.members[other], hosts);
    if (std::find(targets.begin(), targets.end(), rank) != targets.end()) dialers.push_back(other);
  }
  return dialers;
}

}  // namespace skein
