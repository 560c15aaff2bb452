#pragma once
// Collectives between GPUs, over NCCL.

#include <memory>

#include "collectives/communicator.h"
#include "runtime/process/world.h"

namespace skein {

/// One GPU a rank. Throws ConfigError where NCCL is not built in.
std::unique_ptr<Communicator> make_nccl_communicator(World& world);

}  // namespace skein
