#pragma once
// Where the ranks' time went, as the page draws it.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "runtime/run/timing_log.h"

namespace skein {

/// Null without any timing, else: phases (names, in the order of a step), ranks ([[seconds by phase], ...] over all epochs;
/// of the ranks that the last record has), epochs ([{epoch, num_steps, mean: [seconds by phase], slowest: rank, own: its
/// seconds of input and compute, own_median}]), and num_ranks. Where there are many ranks, `shown` names those that `ranks`
/// holds: the slowest and the fastest ones.
nlohmann::json timing_json(const std::vector<RankTiming>& timings);

}  // namespace skein
