#pragma once
// timing.jsonl: where each rank's time went, epoch by epoch, one JSON object a line.
//   {"epoch":0,"step":120,"num_steps":120,"time":1767225600.123,"seconds":{"input":[1.5,1.25],"compute":[20.0,20.5]}}
// Each array of "seconds" has one number a rank; the phases of a line add up to the rank's whole time.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace skein {

/// Seconds that each rank spent in one phase of its work.
struct PhaseSeconds {
  std::string phase;            ///< letters and underscores
  std::vector<double> by_rank;  ///< [world_size]
};

/// One epoch, or what one attempt did of it.
struct RankTiming {
  int epoch = 0;
  std::int64_t step = 0;       ///< optimizer steps done so far
  std::int64_t num_steps = 0;  ///< of them in this record
  double time = 0;             ///< seconds since 1970 UTC
  std::vector<PhaseSeconds> phases;  ///< in the order of writing; read back, in that of their names

  std::size_t num_ranks() const { return phases.empty() ? 0 : phases.front().by_rank.size(); }
};

/// A line of the file, without its end.
std::string timing_line(const RankTiming& timing);

/// What a timing.jsonl holds.
struct TimingLogContents {
  std::vector<RankTiming> epochs;  ///< in the order of writing
  std::size_t num_bad_lines = 0;    ///< a torn last line does not count
};

/// Reads a file that may still be written. A missing file is empty. Throws DataError when it cannot be read.
TimingLogContents read_timing_log(const std::filesystem::path& file);

}  // namespace skein
