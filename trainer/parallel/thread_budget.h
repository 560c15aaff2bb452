#pragma once
// How many threads a rank gets, so that the ranks of a host together use its cores once.

#include <optional>
#include <string>
#include <vector>

namespace skein {

/// What a rank knows when it divides the cores.
struct CoreShare {
  int num_allowed_cores = 1;  ///< cores on which this rank may run
  int num_sharing_ranks = 1;  ///< ranks of this host that may run on some of them, this one included
  int num_host_cores = 1;     ///< of the whole host
  int num_local_ranks = 1;    ///< ranks on this host
};

/// What the user asked for; empty: nothing.
struct ThreadWish {
  std::optional<int> workers;           ///< threads that prepare data
  std::optional<int> intra_op_threads;  ///< threads for one operation: a flag, or else OMP_NUM_THREADS
};

struct ThreadBudget {
  int workers = 1;
  int intra_op_threads = 1;
};

/// Wishes are granted. Otherwise one worker for every eight of the rank's cores, and an intra-op thread for
/// each core that is left when every worker but one has its own: a single worker decodes images much faster
/// than a core can train on them. Pure.
ThreadBudget plan_threads(const CoreShare& share, const ThreadWish& wish);

/// A warning where the launcher pinned a rank with several threads to one core although the host has cores to
/// spare; empty otherwise. Pure.
std::string binding_warning(const CoreShare& share, const ThreadBudget& budget);

/// Cores on which this process may run, ascending.
std::vector<int> allowed_cores();
/// Cores of this host that are switched on.
int num_host_cores();
/// Value of OMP_NUM_THREADS, its first number where it is a list. Throws ConfigError when it is none.
std::optional<int> omp_num_threads();

/// `cores_by_rank`: the allowed cores of each rank of this host, `rank` being one of them. Pure.
CoreShare share_cores(const std::vector<std::vector<int>>& cores_by_rank, int rank, int num_host_cores);

}  // namespace skein
