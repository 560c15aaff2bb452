#pragma once
// Where communicators come from.

#include <filesystem>
#include <memory>
#include <optional>

#include "collectives/capabilities.h"
#include "collectives/communicator.h"
#include "collectives/link_profile.h"
#include "runtime/process/deadline.h"
#include "runtime/process/world.h"

namespace skein {

struct CommunicatorOptions {
  Backend backend = Backend::kHost;
  /// What the links between hosts cost, which decides between algorithms; rank 0's counts. Empty: the file that rank 0's
  /// environment variable SKEIN_LINK_PROFILE names (written by `skein tune`), or else defaults.
  std::optional<LinkProfile> links = {};
  /// How long a call waits for the other ranks; SKEIN_TIMEOUT, or ten minutes, unless given.
  std::optional<Clock::duration> timeout;
  /// After how long one rank logs for which others the call waits, and again after twice as long, four times, ... Zero:
  /// never. SKEIN_WARN_AFTER, or one minute, unless given. The World's first communicator decides for all.
  std::optional<Clock::duration> warn_after;
  /// The file for a timeline of all calls; SKEIN_TIMELINE, or none, unless given. The World's first communicator decides
  /// for all. With SKEIN_TIMELINE_PAUSED=1 nothing is recorded until a SIGUSR1.
  std::optional<std::filesystem::path> timeline;
};

/// A communicator of all ranks of `world`, which must outlive it. Collective. Its last calls go into the world's
/// post-mortem. Throws ConfigError when the backend is not built in, for a variable that is no
/// time, or when the file of links cannot be used.
std::unique_ptr<Communicator> make_communicator(World& world, const CommunicatorOptions& options = {});

}  // namespace skein
