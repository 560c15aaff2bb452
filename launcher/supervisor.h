#pragma once
// Runs a job to its end, as its parent.

#include <map>
#include <string>
#include <vector>

#include "runtime/process/subprocess.h"

namespace skein {

/// Starts `argv`, usually mpirun, and waits for its end. INT, TERM, HUP, QUIT, USR1 and USR2 that this process gets are
/// handed on to it. Where there is a terminal it gets a process group of its own, and no input from it, so that Ctrl-C comes
/// here alone: the first one is handed on as USR2 where all ranks on this host handle that signal, as those of trainer do,
/// which then save and stop; the next one, and where they do not, as INT.
/// A job that INT, TERM or HUP asked to end and that ended with code 1, as mpirun then does, counts as ended by that signal.
/// Call it from the only thread; the signals stay blocked afterwards until the process ends.
/// Throws ConfigError when the program cannot be started.
ExitStatus supervise(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment);

}  // namespace skein
