#pragma once
// Where communicators come from.

#include <memory>

#include "collectives/capabilities.h"
#include "collectives/communicator.h"
#include "runtime/process/world.h"

namespace skein {

struct CommunicatorOptions {
  Backend backend = Backend::kHost;
};

/// A communicator of all ranks of `world`, which must outlive it. Collective. Its last calls go into the world's
/// post-mortem. Throws ConfigError when the backend is not built in.
std::unique_ptr<Communicator> make_communicator(World& world, const CommunicatorOptions& options = {});

}  // namespace skein
