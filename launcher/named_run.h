#pragma once
// The run that a word of a command line means.

#include <filesystem>
#include <string>

#include "runtime/run/run_directory.h"

namespace skein {

/// `name`: a run's directory, or its id, or as much of the id's beginning or end as tells it from others below `runs_dir`;
/// there, `experiment` narrows the choice unless it is empty. Throws UsageError, with a similar id, where there is none or
/// several, DataError where `runs_dir` cannot be read.
RunDirectory named_run(const std::filesystem::path& runs_dir, const std::string& name, const std::string& experiment);

}  // namespace skein
