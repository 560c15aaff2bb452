#pragma once
// The times of all ranks, put together on rank 0.

#include "collectives/communicator.h"
#include "runtime/run/timing_log.h"
#include "trainer/step_timer.h"

namespace skein {

/// The phases of every rank, on rank 0; none elsewhere. The other fields are the caller's. Collective.
RankTiming gather_timing(Communicator& communicator, const StepTimer::Seconds& seconds);

}  // namespace skein
