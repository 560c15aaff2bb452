#include "trainer/parallel/thread_budget.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr int kCoresPerWorker = 8;
constexpr int kMaxChosenWorkers = 8;

bool intersect(const std::vector<int>& left, const std::vector<int>& right) {
  return std::any_of(left.begin(), left.end(),
                     [&](int core) { return std::find(right.begin(), right.end(), core) != right.end(); });
}

}  // namespace

ThreadBudget plan_threads(const CoreShare& share, const ThreadWish& wish) {
  const int num_cores = std::max(1, share.num_allowed_cores / std::max(1, share.num_sharing_ranks));
  ThreadBudget budget;
  budget.workers = wish.workers.value_or(std::clamp(num_cores / kCoresPerWorker, 1, kMaxChosenWorkers));
  budget.intra_op_threads = wish.intra_op_threads.value_or(std::max(1, num_cores - std::max(0, budget.workers - 1)));
  return budget;
}

std::string binding_warning(const CoreShare& share, const ThreadBudget& budget) {
  const bool wants_more = budget.intra_op_threads > 1 || budget.workers > 0;
  if (share.num_allowed_cores > 1 || !wants_more || share.num_host_cores <= share.num_local_ranks) return "";
  return concat("this rank has ", budget.intra_op_threads, " compute and ", budget.workers,
                " loader threads, but was pinned to one of the host's ", share.num_host_cores, " cores, and only ",
                share.num_local_ranks, " ranks run there: start mpirun with --bind-to none, or --map-by slot:PE=",
                share.num_host_cores / share.num_local_ranks);
}

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set)) cores.push_back(core);
  if (cores.empty()) cores.push_back(0);
  return cores;
}

int num_host_cores() {
  return std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
}

std::optional<int> omp_num_threads() {
  const auto text = environment_variable("OMP_NUM_THREADS");
  if (!text || text->empty()) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || number < 1 || (*end != '\0' && *end != ','))
    throw ConfigError("OMP_NUM_THREADS='" + *text + "' is not a positive number", "unset it, or use --threads");
  return number;
}

CoreShare share_cores(const std::vector<std::vector<int>>& cores_by_rank, int rank, int num_host_cores) {
  const std::vector<int>& mine = cores_by_rank.at(rank);
  CoreShare share;
  share.num_allowed_cores = static_cast<int>(mine.size());
  share.num_sharing_ranks = static_cast<int>(std::count_if(cores_by_rank.begin(), cores_by_rank.end(),
                                                           [&](const auto& cores) { return intersect(mine, cores); }));
  share.num_host_cores = num_host_cores;
  share.num_local_ranks = static_cast<int>(cores_by_rank.size());
  return share;
}

}  // namespace skein
