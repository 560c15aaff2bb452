#pragma once
// Where communicators come from.

#include <memory>
#include <optional>

#include "collectives/capabilities.h"
#include "collectives/communicator.h"
#include "collectives/link_profile.h"
#include "runtime/process/world.h"

namespace skein {

struct CommunicatorOptions {
  Backend backend = Backend::kHost;
  /// What the links between hosts cost, which decides between algorithms; rank 0's counts. Empty: the file that rank 0's
  /// environment variable SKEIN_LINK_PROFILE names (written by `skein tune`), or else defaults.
  std::optional<LinkProfile> links = {};
};

/// A communicator of all ranks of `world`, which must outlive it. Collective. Its last calls go into the world's
/// post-mortem. Throws ConfigError when the backend is not built in, or the file of links cannot be used.
std::unique_ptr<Communicator> make_communicator(World& world, const CommunicatorOptions& options = {});

}  // namespace skein
