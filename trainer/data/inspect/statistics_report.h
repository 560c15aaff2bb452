#pragma once
// Statistics of a data set for people and for programs.

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "trainer/data/inspect/statistics.h"

namespace skein {

/// The splits of a data set, and which images of a split are in an earlier one too.
struct DataSetStatistics {
  std::vector<NamedSource> sources;
  std::vector<SourceStatistics> splits;  ///< in the order of `sources`
  struct Leak {
    size_t earlier;
    size_t later;
    std::vector<LeakedImage> images;
  };
  std::vector<Leak> leaks;
};

DataSetStatistics gather_data_set(std::vector<NamedSource> sources, size_t num_workers, const InspectProgress& progress = nullptr);

void print_statistics(const DataSetStatistics& statistics, std::ostream& out);
/// docs/formats.md lists the fields.
nlohmann::json statistics_json(const DataSetStatistics& statistics);

}  // namespace skein
