#pragma once
// Finds out which ranks of the job share memory.

#include "runtime/process/topology.h"

namespace skein {

/// Collective over MPI_COMM_WORLD; blocks until all ranks call it. Ranks count as one host when they have seen each other's
/// mark in memory that they share. Throws ConfigError when SKEIN_RANKS_PER_HOST makes no sense.
Topology discover_topology();

}  // namespace skein
