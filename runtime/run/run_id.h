#pragma once
// Names of runs and experiments, which are names of directories.

#include <string>

namespace skein {

/// "20260131-101530-482-k7f2": sorts by time of creation; the tail tells jobs of the same millisecond apart
/// (most likely: whoever creates the directory has the last word).
std::string make_run_id();

/// Throws UsageError, naming `flag`, unless `name` is 1 to 128 letters, digits, dots, dashes and underscores
/// and starts with a letter or digit.
void check_directory_name(const std::string& flag, const std::string& name);

}  // namespace skein
