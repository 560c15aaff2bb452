#pragma once
// What run.json says about the circumstances of a training.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/process/world.h"
#include "trainer/parallel/thread_budget.h"
#include "trainer/training_job.h"

namespace skein {

/// command, parameters, host, versions, seeds and topology, for Run.
nlohmann::json run_facts(const World& world, const TrainingRequest& request, const ThreadBudget& budget);

/// "2 ranks, each with 1 thread and 1 loader worker"
std::string describe_ranks(const World& world, const ThreadBudget& budget);

}  // namespace skein
