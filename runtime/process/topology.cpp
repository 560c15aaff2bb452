#include "runtime/process/topology.h"

#include <algorithm>
#include <map>

#include "runtime/process/text.h"

namespace skein {

int Topology::num_hosts() const {
  int last = -1;
  for (const Member& member : members) last = std::max(last, member.host);
  return last + 1;
}

std::vector<int> Topology::ranks_of_host(int host) const {
  std::vector<int> ranks;
  for (int rank = 0; rank < world_size(); ++rank)
    if (members[rank].host == host) ranks.push_back(rank);
  std::sort(ranks.begin(), ranks.end(), [&](int a, int b) { return members[a].local_rank < members[b].local_rank; });
  return ranks;
}

const std::string& Topology::host_name(int host) const {
  return members.at(ranks_of_host(host).front()).host_name;
}

int Topology::max_local_size() const {
  int largest = 0;
  for (int host = 0; host < num_hosts(); ++host)
    largest = std::max(largest, static_cast<int>(ranks_of_host(host).size()));
  return largest;
}

Topology Topology::subset(const std::vector<int>& ranks) const {
  Topology result;
  std::map<int, int> new_host;
  std::map<int, int> num_local;
  for (int rank : ranks) {
    Member member = members.at(rank);
    member.host = new_host.emplace(member.host, static_cast<int>(new_host.size())).first->second;
    member.local_rank = num_local[member.host]++;
    result.members.push_back(std::move(member));
  }
  return result;
}

std::string Topology::describe(int rank) const {
  if (num_hosts() <= 1) return concat("rank ", rank);
  return concat("rank ", rank, " (", members.at(rank).host_name, ")");
}

Topology Topology::of(const std::vector<int>& local_sizes) {
  Topology result;
  for (int host = 0; host < static_cast<int>(local_sizes.size()); ++host)
    for (int local = 0; local < local_sizes[host]; ++local)
      result.members.push_back({host, local, 0, concat("host", host)});
  return result;
}

}  // namespace skein
