#pragma once
// The ranks' times in metrics.h5, as metrics_file.h describes them.

#include <vector>

#include "runtime/run/hdf5_handle.h"
#include "runtime/run/timing_log.h"

namespace skein {

/// Adds the group kTimingGroup to a file that is open. Hold an Hdf5Session. Throws Error.
void write_timings(hid_t file, const std::vector<RankTiming>& timings);

}  // namespace skein
