#include "collectives/slices.h"

#include "collectives/node_operations.h"

namespace skein {
namespace {

/// Ranks of each host in order of local rank.
std::vector<std::vector<int>> ranks_by_host(const Topology& topology) {
  std::vector<std::vector<int>> ranks(topology.num_hosts());
  for (int rank = 0; rank < topology.world_size(); ++rank) {
    const Topology::Member& member = topology.members[rank];
    std::vector<int>& of_host = ranks[member.host];
    if (of_host.size() <= static_cast<std::size_t>(member.local_rank)) of_host.resize(member.local_rank + 1);
    of_host[member.local_rank] = rank;
  }
  return ranks;
}

}  // namespace

std::vector<int> slice_drivers(const Topology& topology, int slice) {
  std::vector<int> drivers;
  for (const std::vector<int>& ranks : ranks_by_host(topology)) drivers.push_back(ranks[slice % ranks.size()]);
  return drivers;
}

BlockSlice::BlockSlice(const Topology& topology, std::span<const std::size_t> block_counts, std::size_t element_bytes,
                       int slice) {
  const std::vector<std::vector<int>> hosts = ranks_by_host(topology);
  std::size_t end = 0;
  for (const std::vector<int>& ranks : hosts) {
    std::size_t joined = 0;
    for (const int rank : ranks) joined += block_counts[rank];
    const Range part = cache_aligned_part(joined, element_bytes, topology.max_local_size(), slice);
    parts_.push_back({end, part.count});
    std::size_t before = 0;  // of the host's blocks
    for (const int rank : ranks) {
      const std::size_t first = std::clamp(part.begin, before, before + block_counts[rank]) - before;
      const std::size_t last = std::clamp(part.end(), before, before + block_counts[rank]) - before;
      before += block_counts[rank];
      if (first == last) continue;
      pieces_.push_back({rank, {first, last - first}, end});
      end += last - first;
    }
  }
}

}  // namespace skein
