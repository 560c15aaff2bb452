#pragma once
// One training from the start of the processes to a completed run.

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "runtime/process/world.h"
#include "trainer/progress.h"
#include "trainer/signal_watch.h"
#include "trainer/options/train_options.h"

namespace skein {

/// What main() knows.
struct TrainingRequest {
  const TrainOptions& options;
  const OptionTable& table;          ///< describes the options that the user has given
  std::vector<std::string> command;  ///< argv, for run.json
  std::ostream& out;                 ///< where rank 0 shows progress
  ProgressStyle progress = ProgressStyle::kPlain;
};

/// Checks everything, creates the run or continues one, trains, completes the run. Returns the exit code: 0, or
/// kPreemptedExitCode where it was asked to stop and has saved where it stands. Collective.
/// Throws RefusedStart on all ranks before anything was written; after that whatever went wrong,
/// for World::fail, which records the run as Failed.
int run_training_job(World& world, const TrainingRequest& request, SignalWatch& signals);

}  // namespace skein
