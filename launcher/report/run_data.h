#pragma once
// All that a report shows of one run, as JSON for the page's scripts.

#include <nlohmann/json_fwd.hpp>

#include "launcher/report/problems.h"
#include "runtime/run/run_directory.h"

namespace skein {

/// A run's metrics.jsonl, read once.
struct LoadedMetrics {
  MetricLogContents contents;
  Problems problems;
};
LoadedMetrics load_metrics(const RunDirectory& run);

/// How much of a page one run may take.
struct RunShare {
  std::size_t num_buckets = 1000;              ///< of each curve, see curve_json()
  std::uint64_t picture_bytes = 8 << 20;       ///< of worst images
};

/// Keys: those of summarize_run(), and attempts, command, host, world_size, tags, notes, history ([{state, time, t, reason}]),
/// parameters ([{key, value, default, origin}]), facts ([[group, name, value]]), curves, epochs, timing, evaluation,
/// pictures, post_mortem, logs, files and problems: what could not be read. Throws DataError where the run itself cannot be.
nlohmann::json run_json(const RunDirectory& run, const LoadedMetrics& metrics, const RunShare& share);

}  // namespace skein
