#include "trainer/resume.h"

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/run_directory.h"
#include "trainer/learner_options.h"
#include "trainer/parallel/checkpoint.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

/// Fills in the newest checkpoint of `folder` that can be read; false where there is none at all.
bool take_newest(const fs::path& folder, ResumePlan& plan) {
  auto found = newest_checkpoint(folder);
  if (!found) return false;
  plan.checkpoint = found->directory;
  plan.contents = std::make_shared<Checkpoint>(std::move(found->checkpoint));
  plan.warnings = found->refused;
  return true;
}

bool can_go_on(const RunEntry& run) try {
  return RunDirectory(run.path).status().state != RunState::kCompleted && !list_checkpoints(run.path / "outputs/checkpoints").empty();
} catch (const DataError&) {
  return false;
}

ResumePlan plan_auto(const TrainOptions& options) {
  ResumePlan plan;
  const fs::path runs = options.runs_dir / options.experiment;
  if (!options.run_id.empty()) {
    if (!fs::exists(runs / options.run_id)) return plan;
    plan.run_id = options.run_id;
    take_newest(options.output_dir.value_or(runs / options.run_id / "outputs") / "checkpoints", plan);
    return plan;
  }
  if (options.output_dir) {
    take_newest(*options.output_dir / "checkpoints", plan);
    return plan;
  }
  if (!fs::exists(options.runs_dir)) return plan;
  const std::vector<RunEntry> all = list_runs(options.runs_dir, options.experiment);
  const auto last = std::find_if(all.rbegin(), all.rend(), can_go_on);
  if (last == all.rend() || !take_newest(last->path / "outputs/checkpoints", plan)) return plan;
  plan.run_id = last->id;
  return plan;
}

}  // namespace

ResumePlan plan_resume(const TrainOptions& options) {
  if (options.resume.empty()) return {};
  if (options.resume == "auto") return plan_auto(options);
  const fs::path given = options.resume;
  if (!fs::is_directory(given))
    throw UsageError(concat("--resume ", given.string(), " is no folder"), "give a checkpoint's folder, a run's, or auto");
  ResumePlan plan;
  for (const fs::path& folder : {given, given / "checkpoints", given / "outputs/checkpoints"})
    if (!list_checkpoints(folder).empty() && take_newest(folder, plan)) return plan;
  plan.checkpoint = given;
  plan.contents = std::make_shared<Checkpoint>(read_checkpoint(given));
  return plan;
}

void check_anything_left(const TrainOptions& options, const ResumePlan& resume, const TrainingPosition& position) {
  if (resume.checkpoint.empty()) return;
  const bool is_auto = options.resume == "auto";
  const EarlyStoppingOptions early = early_stopping_options(options);
  if (!is_auto && is_over(early, position.early_stopping))
    throw UsageError(concat(resume.checkpoint.string(), " is of a training that has ended; ", describe(early, position.early_stopping)),
                     "give --early-stopping more epochs, or leave it or --resume out");
  if (position.epoch < options.epochs || (is_auto && position.epoch == options.epochs)) return;
  throw UsageError(concat("--epochs ", options.epochs, ": ", resume.checkpoint.string(), " has ", position.epoch, " behind it"),
                   "ask for more epochs, or leave --resume out");
}

}  // namespace skein
