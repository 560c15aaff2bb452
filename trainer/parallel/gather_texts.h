#pragma once
// What every rank has to say, on every rank; free of LibTorch.

#include <string>
#include <vector>

#include "collectives/communicator.h"

namespace skein {

/// `mine` of every rank, by rank. Any lengths. Collective.
std::vector<std::string> gather_texts(Communicator& communicator, const std::string& mine);

}  // namespace skein
