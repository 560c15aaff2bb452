#pragma once
// How long schedules take by a profile of the links: a pure function, without ranks or memory.

#include <cstddef>
#include <span>
#include <vector>

#include "collectives/execute.h"
#include "collectives/link_profile.h"
#include "collectives/schedule.h"

namespace skein {

/// A schedule whose peers are numbered as the ranks of the workload, and what its elements are.
struct WorkPart {
  Schedule schedule;
  std::size_t element_bytes = 1;
  bool separate = false;  ///< what is sent lies in a buffer of its own
};
/// What each rank runs, one part after the other.
using Workload = std::vector<std::vector<WorkPart>>;

/// Seconds from the common start until the last rank is done. Segments go their way as in execute(): each rank sends,
/// receives and combines in one thread; the messages of a host share its link, in each direction in the order in which
/// they are sent. `host_of[r]` is the host of rank r. Throws std::logic_error when ranks wait for each other for ever.
double predict_seconds(const Workload& workload, std::span<const int> host_of, const LinkProfile& profile,
                       std::size_t segment_bytes = ExecuteOptions{}.segment_bytes);

}  // namespace skein
