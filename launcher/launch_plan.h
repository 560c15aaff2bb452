#pragma once
// Decides, without starting anything, how mpirun is to be called: a pure function of the request and the
// environment.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "launcher/host_list.h"

namespace skein {

/// What the user asked for.
struct LaunchRequest {
  std::optional<int> num_ranks;       ///< empty: all slots of the hosts, or of the Slurm allocation
  HostList hosts;                     ///< empty: this host, or the Slurm allocation
  bool oversubscribe = false;         ///< more ranks than slots
  std::vector<std::string> exported;  ///< NAME or NAME=VALUE: variables that all ranks get
  std::vector<std::string> program;   ///< program and its arguments
};

/// A call of mpirun.
struct LaunchPlan {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;  ///< what is set in addition to this process's environment
};

/// `environment`: of this process. Throws UsageError for what cannot be started as asked, with the numbers.
/// A host gets as many ranks as it has slots before the next one's turn; with `oversubscribe` the surplus goes to the
/// hosts in turns, to none more than its max_slots. Ranks are bound to nothing (Open MPI would pin each rank to one
/// core, and its loader threads with it), and give up the core while they wait, unless the user's
/// OMPI_MCA_mpi_yield_when_idle says otherwise. Where several hosts take part mpirun is told to notice lost ones.
LaunchPlan plan_launch(const LaunchRequest& request, const std::map<std::string, std::string>& environment);

/// The plan as one line to paste into a shell.
std::string shell_text(const LaunchPlan& plan);

}  // namespace skein
