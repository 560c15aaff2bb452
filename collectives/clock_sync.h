#pragma once
// How the ranks of a job come to one time.

#include "collectives/transport.h"
#include "runtime/process/topology.h"
#include "runtime/trace/job_clock.h"

namespace skein {

/// Rank 0's time for every rank. Collective. The first rank of each other host exchanges a few messages with rank 0 and
/// keeps the exchange with the shortest round trip: the clocks were read in its middle, give or take half of it
/// (Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989).
JobClock synchronize_clocks(Transport& transport, const Topology& topology);

}  // namespace skein
