#include "runtime/run/timing_file.h"

#include <algorithm>
#include <limits>
#include <set>

#include "runtime/run/hdf5_values.h"
#include "runtime/run/metric_table.h"

namespace skein {
namespace {

/// [records][num_ranks] of one phase.
std::vector<double> seconds_of_phase(const std::vector<RankTiming>& timings, const std::string& phase, std::size_t num_ranks) {
  std::vector<double> seconds(timings.size() * num_ranks, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t record = 0; record < timings.size(); ++record)
    for (const PhaseSeconds& known : timings[record].phases)
      if (known.phase == phase)
        std::copy(known.by_rank.begin(), known.by_rank.end(), seconds.begin() + static_cast<std::ptrdiff_t>(record * num_ranks));
  return seconds;
}

}  // namespace

void write_timings(hid_t file, const std::vector<RankTiming>& timings) {
  const Hdf5Handle group(
      hdf5_checked(H5Gcreate2(file, kTimingGroup, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "create a group"), H5Gclose);
  write_hdf5_attribute(group.get(), "unit", std::string("s"));
  std::vector<std::int32_t> epochs;
  std::vector<std::int64_t> steps, num_steps;
  std::vector<double> times;
  std::size_t num_ranks = 0;
  std::set<std::string> phases;
  for (const RankTiming& timing : timings) {
    epochs.push_back(timing.epoch);
    steps.push_back(timing.step);
    num_steps.push_back(timing.num_steps);
    times.push_back(timing.time);
    num_ranks = std::max(num_ranks, timing.num_ranks());
    for (const PhaseSeconds& phase : timing.phases) phases.insert(phase.phase);
  }
  write_hdf5_column<std::int32_t>(group.get(), "epoch", epochs);
  write_hdf5_column<std::int64_t>(group.get(), "step", steps);
  write_hdf5_column<std::int64_t>(group.get(), "num_steps", num_steps);
  write_hdf5_column<double>(group.get(), "time", times);
  for (const std::string& phase : phases) 
    write_hdf5_table(group.get(), phase.c_str(), seconds_of_phase(timings, phase, num_ranks), num_ranks);
}

}  // namespace skein
