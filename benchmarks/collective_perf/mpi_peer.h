#pragma once
// The same collectives by the MPI library, for comparison.

#include "collectives/communicator.h"

namespace skein::bench {

/// Whether MPI has the operation for this element type.
bool mpi_supports(const Request& request);
/// Runs the request on MPI_COMM_WORLD. The average is a sum here: MPI has none, and this favours MPI.
void run_mpi(const Request& request);
void mpi_barrier();

}  // namespace skein::bench
