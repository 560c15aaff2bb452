#pragma once
// Which checkpoint --resume means, and which run goes on with it.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "trainer/options/train_options.h"

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

}  // namespace skein
