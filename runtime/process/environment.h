#pragma once
// The only place that reads environment variables.

#include <map>
#include <optional>
#include <string>

namespace skein {

/// Value of an environment variable; empty optional when it is not set.
std::optional<std::string> environment_variable(const std::string& name);

/// Sets an environment variable for this process unless the user has set it.
void set_default_environment(const std::string& name, const std::string& value);

/// What the launcher that started this process (mpirun, srun, nothing) says about it.
/// For display and sanity checks only: ranks and sizes come from MPI itself.
struct LaunchEnvironment {
  enum class Launcher { kNone, kOpenMpi, kSlurm };
  Launcher launcher = Launcher::kNone;
  std::optional<int> world_size;                ///< number of tasks the launcher says it started
  std::optional<int> local_rank;                ///< rank within the host, where the launcher tells
  std::map<std::string, std::string> recorded;  ///< variables worth keeping in run.json (SLURM_JOB_ID and the like)
};
LaunchEnvironment launch_environment();

/// Full environment as NAME=value strings, for a child process.
std::map<std::string, std::string> full_environment();

/// Name of this host.
std::string host_name();

}  // namespace skein
