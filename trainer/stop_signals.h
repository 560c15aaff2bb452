#pragma once
// What SIGUSR2, SIGINT and SIGTERM do to a training.

#include <memory>

#include "runtime/process/world.h"
#include "trainer/run_journal.h"
#include "trainer/signal_watch.h"
#include "trainer/stop_request.h"

namespace skein {

/// The first SIGUSR2 or SIGINT asks for a checkpoint and the end; a second one, and SIGTERM, end the job at once. What makes this process fail
/// from now on is recorded in the journal.
void watch_signals(World& world, SignalWatch& signals, const std::shared_ptr<RunJournal>& journal,
                   const std::shared_ptr<StopRequest>& stop);

}  // namespace skein
