#pragma once
// The series of a run that goes on from a checkpoint: what came after it is dropped.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "runtime/run/metric_table.h"
#include "runtime/run/timing_log.h"

namespace skein {

/// The metrics of a metrics.jsonl up to that step, which are then all that the file holds. Throws StorageError, and DataError where
/// it cannot be read.
MetricTable cut_metrics(const std::filesystem::path& file, std::int64_t last_step);
/// The same for a timing.jsonl.
std::vector<RankTiming> cut_timings(const std::filesystem::path& file, std::int64_t last_step);

}  // namespace skein
