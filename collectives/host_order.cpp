#include "collectives/host_order.h"

namespace skein {

HostOrder::HostOrder(const Topology& topology) : positions_(topology.world_size()) {
  for (int host = 0; host < topology.num_hosts(); ++host)
    for (const int rank : topology.ranks_of_host(host)) {
      positions_[rank] = size();
      ranks_.push_back(rank);
    }
}

Schedule HostOrder::among_ranks(Schedule schedule) const {
  renumber(schedule, ranks_);
  return schedule;
}

}  // namespace skein
