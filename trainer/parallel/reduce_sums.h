#pragma once
// Sums of a few numbers over all ranks: losses, counts, times.

#include <cstdint>
#include <span>

#include "collectives/communicator.h"

namespace skein {

/// Each value becomes the sum of all ranks' values, bit-identical on all of them. Collective; blocks. `name`
/// appears in errors and is compared between ranks.
void reduce_sums(Communicator& communicator, std::span<double> values, std::string_view name);
void reduce_sums(Communicator& communicator, std::span<std::int64_t> values, std::string_view name);

}  // namespace skein
