#pragma once
// Runs a job to its end, as its parent.

#include <map>
#include <string>
#include <vector>

#include "runtime/process/subprocess.h"

namespace skein {

/// Starts `argv` and waits for its end. INT, TERM, HUP, USR1 and USR2 that this process gets are handed on to
/// it, except those that the terminal sent to the whole foreground group, since the child has them already.
/// A job that INT, TERM or HUP asked to end and that ended with code 1, as mpirun then does, counts as ended by that signal.
/// Call it from the only thread; the signals stay blocked afterwards until the process ends.
/// Throws ConfigError when the program cannot be started.
ExitStatus supervise(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment);

}  // namespace skein
