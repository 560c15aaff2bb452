#pragma once
// One profile of the links for all ranks: that of rank 0.

#include <optional>

#include "collectives/link_profile.h"
#include "collectives/transport.h"
#include "runtime/process/deadline.h"

namespace skein {

/// Collective. What rank 0 was told by the program, or else by the file that its environment variable
/// SKEIN_LINK_PROFILE names; none without either. `told` of other ranks counts for nothing. Throws ConfigError on all
/// ranks when rank 0 cannot use the file.
std::optional<LinkProfile> share_links(Transport& transport, const std::optional<LinkProfile>& told, Deadline deadline);

}  // namespace skein
