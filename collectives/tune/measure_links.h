#pragma once
// Measures what messages cost between the hosts of a job, and within one.

#include <vector>

#include "collectives/link_profile.h"
#include "collectives/transport.h"
#include "runtime/process/deadline.h"
#include "runtime/process/topology.h"

namespace skein {

struct MeasuredLinks {
  struct Pair {
    int host = 0;
    int other = 0;
    LinkCosts costs;
  };
  LinkProfile profile;      ///< medians over the pairs
  std::vector<Pair> pairs;  ///< of hosts
};

/// Collective, alike on all ranks. Every pair of hosts is measured, pairs without a host in common at once: latency
/// between their first ranks, the rate of the link with all their ranks sending and receiving. Each time is taken
/// `repeats` times. Without two ranks on one host, the costs within a host are the defaults. Throws what the transport
/// throws; TimeoutError when one round of pairs takes longer than `patience`.
MeasuredLinks measure_links(Transport& transport, const Topology& topology, int repeats,
                            Clock::duration patience = kDefaultTimeout);

}  // namespace skein
