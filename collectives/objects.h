#pragma once
// Serialised objects of any length, which may differ by rank. The caller serialises: JSON, a checkpoint, plain text.

#include <string>
#include <vector>

#include "collectives/communicator.h"

namespace skein {

/// Root's `object` on every rank; the others' is ignored. Collective.
std::string broadcast_object(Communicator& communicator, const std::string& object, int root);
/// Every rank's `object`, by rank, on every rank. Collective.
std::vector<std::string> allgather_objects(Communicator& communicator, const std::string& object);
/// Every rank's `object`, by rank, on root; nothing elsewhere. Collective.
std::vector<std::string> gather_objects(Communicator& communicator, const std::string& object, int root);

}  // namespace skein
