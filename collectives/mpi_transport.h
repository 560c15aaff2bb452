#pragma once
// Bytes between ranks over MPI, on a communicator of its own.

#include <memory>

#include "collectives/transport.h"
#include "runtime/process/world.h"

namespace skein {

/// Collective over all ranks of `world`, which must outlive the transport. A wait gives up as soon as the world has
/// failed; between tests it sleeps (at most 50 us), so that it never takes the core from ranks that compute.
std::unique_ptr<Transport> make_mpi_transport(World& world);

}  // namespace skein
