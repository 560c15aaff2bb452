#pragma once
// Which checkpoint --resume means, and which run goes on with it.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "trainer/options/train_options.h"
#include "trainer/training_position.h"

namespace skein {

struct Checkpoint;

struct ResumePlan {
  std::filesystem::path checkpoint;            ///< its directory; empty: the training starts afresh
  std::shared_ptr<const Checkpoint> contents;  ///< what has been read from it
  std::string run_id;                          ///< of the run that goes on; empty: a new run
  std::vector<std::string> warnings;           ///< newer checkpoints that cannot be read, and why
};

/// Looks at the disk; writes nothing. Throws UsageError or DataError where a checkpoint was named that is none, or where
/// none of those that are there can be read.
ResumePlan plan_resume(const TrainOptions& options);

/// Throws UsageError where a checkpoint of `position` leaves nothing to do: all epochs, or early stopping's patience, are behind it. A job
/// that starts again with `--resume auto` may find itself done.
void check_anything_left(const TrainOptions& options, const ResumePlan& resume, const TrainingPosition& position);

}  // namespace skein
