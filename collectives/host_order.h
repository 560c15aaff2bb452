#pragma once
// The ranks in an order in which those of one host are neighbours, however ranks were placed.

#include <vector>

#include "collectives/schedule.h"
#include "runtime/process/topology.h"

namespace skein {

/// For chains and trees, whose neighbours talk: in this order their bytes cross to each host once.
class HostOrder {
 public:
  explicit HostOrder(const Topology& topology);

  int size() const { return static_cast<int>(ranks_.size()); }
  int position_of(int rank) const { return positions_[rank]; }
  /// A schedule whose peers are positions, with ranks in their place.
  Schedule among_ranks(Schedule schedule) const;

 private:
  std::vector<int> ranks_;      // by position
  std::vector<int> positions_;  // by rank
};

}  // namespace skein
