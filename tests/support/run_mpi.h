#pragma once
// Programs under mpirun.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runtime/process/deadline.h"
#include "runtime/process/subprocess.h"

namespace skein {

struct MpiJob {
  int num_ranks = 2;
  std::vector<std::string> program;                ///< and its arguments
  std::map<std::string, std::string> environment;  ///< beside this process's own
};

/// Environment of this process without what a launcher has put there, and with `more`.
std::map<std::string, std::string> environment_without_launcher(const std::map<std::string, std::string>& more = {});

/// How to start the job, for tests that act while it runs: mpirun may be root, oversubscribe and bind
/// nothing.
SubprocessOptions mpirun(const MpiJob& job);

/// Runs the job to its end and keeps what its ranks write. Throws TimeoutError, with the job killed, at the
/// deadline.
CapturedRun run_mpi(const MpiJob& job, Deadline deadline = Deadline::after(std::chrono::seconds(60)));

}  // namespace skein
