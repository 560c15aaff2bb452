#pragma once
// metrics.h5: the series of metrics.jsonl for h5py, pandas and friends.
//
//   /                  attributes schema_version (int), run_id, experiment
//   /val/accuracy      attributes unit, goal; one-dimensional datasets of equal length, in the order of logging:
//     value f8, step i8, epoch i4, time f8 (seconds since 1970 UTC)
//   /val/confusion_matrix   where there is one: of the last evaluation (count_matrix_file.h)
//   /timing            where there are any timings; attribute unit "s"; datasets epoch i4, step i8, num_steps i8, time f8
//     [records] and, of each phase, f8 [records][ranks] seconds, NaN for ranks that a record lacks
//
// Replaced whole, never held open: an HDF5 file that a killed writer held open cannot be read.

#include <filesystem>
#include <string>

#include "runtime/run/count_matrix.h"
#include "runtime/run/metric_table.h"
#include "runtime/run/timing_log.h"

namespace skein {

inline constexpr int kMetricsSchemaVersion = 1;

/// Writes `file` anew. Readers see the old file or the new one. Memory: twice the file. Throws StorageError.
/// May be called from any thread: takes the HDF5 library's lock (hdf5_handle.h).
void write_metrics_file(const std::filesystem::path& file, const MetricTable& metrics, const std::string& experiment,
                        const std::string& run_id, const CountMatrix& confusion = {}, const std::vector<RankTiming>& timings = {});

}  // namespace skein
