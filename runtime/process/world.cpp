#include "runtime/process/world.h"

#include <mpi.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <thread>

#include "runtime/process/deadline.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/peer_watch.h"
#include "runtime/process/run_main.h"
#include "runtime/process/shared_region.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// What each rank tells the others at the start.
struct Introduction {
  std::int64_t pid;
  std::int32_t group;  // lowest rank with which this rank shares memory, itself included
  std::array<char, 64> host;
};

void refuse_lonely_ranks(int world_size) {
  const LaunchEnvironment launch = launch_environment();
  if (world_size != 1 || launch.world_size.value_or(1) == 1) return;
  const bool slurm = launch.launcher == LaunchEnvironment::Launcher::kSlurm;
  throw ConfigError(concat(slurm ? "srun" : "mpirun", " started ", *launch.world_size,
                           " tasks, but each sees a world of one rank: MPI and the launcher do not talk to each other"),
                    slurm ? "use 'srun --mpi=pmix' (see 'srun --mpi=list'), or mpirun inside the allocation"
                          : "start the program with the mpirun of the MPI library it was built with");
}

/// Proves that this rank and its group's leader map the same memory: the leader writes a nonce into a memfd, the others
/// read it through /proc. Returns whether this rank saw it. Collective over `candidates`.
bool shares_memory_with_leader(MPI_Comm candidates) {
  int rank = 0;
  MPI_Comm_rank(candidates, &rank);
  constexpr std::size_t kPage = 4096;
  std::shared_ptr<SharedRegion> region;
  std::array<std::int64_t, 3> offer{};  // pid, fd, nonce
  if (rank == 0) {
    region = SharedRegion::create(kPage);
    region->reserve(0, kPage);
    offer = {getpid(), region->fd(), static_cast<std::int64_t>(std::random_device{}())};
    std::memcpy(region->data(), &offer[2], sizeof offer[2]);
  }
  MPI_Bcast(offer.data(), 3, MPI_INT64_T, 0, candidates);
  bool same = true;
  try {
    if (rank != 0) region = SharedRegion::open(static_cast<pid_t>(offer[0]), static_cast<int>(offer[1]), kPage);
    same = std::memcmp(region->data(), &offer[2], sizeof offer[2]) == 0;
  } catch (const Error& error) {
    log_warning(
        concat("cannot share memory with another rank of this host; it counts as a host of its own. ", error.what()));
    same = false;
  }
  MPI_Barrier(candidates);  // the leader keeps the region until all have looked
  return same;
}

/// SKEIN_RANKS_PER_HOST splits one real host into several pretended ones, to test what crosses hosts.
int pretended_host(int local_rank) {
  const auto text = environment_variable("SKEIN_RANKS_PER_HOST");
  if (!text) return 0;
  try {
    const int ranks = std::stoi(*text);
    if (ranks > 0) return local_rank / ranks;
  } catch (const std::exception&) {
  }
  throw ConfigError("SKEIN_RANKS_PER_HOST='" + *text + "' is not a positive number", "unset it");
}

Introduction introduce_myself(int rank) {
  MPI_Comm candidates = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &candidates);
  int local_rank = 0;
  MPI_Comm_rank(candidates, &local_rank);
  MPI_Comm pretended = MPI_COMM_NULL;
  MPI_Comm_split(candidates, pretended_host(local_rank), rank, &pretended);
  int leader = rank;
  MPI_Bcast(&leader, 1, MPI_INT, 0, pretended);

  Introduction mine{};
  mine.pid = getpid();
  mine.group = shares_memory_with_leader(pretended) ? leader : rank;
  host_name().copy(mine.host.data(), mine.host.size() - 1);
  MPI_Comm_free(&pretended);
  MPI_Comm_free(&candidates);
  return mine;
}

Topology discover_topology() {
  int rank = 0;
  int world_size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world_size);
  const Introduction mine = introduce_myself(rank);
  std::vector<Introduction> all(world_size);
  MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, MPI_COMM_WORLD);

  Topology topology;
  std::vector<int> host_of_group(world_size, -1);
  std::vector<int> local_size(world_size, 0);
  int num_hosts = 0;
  for (const Introduction& intro : all) {
    int& host = host_of_group[intro.group];
    if (host < 0) host = num_hosts++;
    topology.members.push_back({host, local_size[host]++, static_cast<long>(intro.pid), intro.host.data()});
  }
  return topology;
}

int rank_in_world() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/// Whether `error` is the failure that has been reported, and so is in the log already.
bool is_known(const std::exception& error, const Health& health) {
  try {
    health.check();
  } catch (const std::exception& first) {
    return std::string_view(first.what()) == error.what();
  }
  return false;
}

constexpr auto kLongestFarewell = std::chrono::hours(24);     // rank 0 may have much to copy after the last collective
constexpr auto kTimeForLastWords = std::chrono::seconds(20);  // for the log and the post-mortem, on a hung file system
constexpr auto kTimeToAbort = std::chrono::seconds(1);

/// Ends this process, whatever its other threads are stuck in.
void leave_after(std::chrono::seconds delay, int exit_code) {
  std::thread([=] {
    std::this_thread::sleep_for(delay);
    _exit(exit_code);
  }).detach();
}

/// Waits until every rank is about to leave, so that nobody's exit looks like a death. False when that cannot happen.
bool everyone_leaves(const Health& health) {
  MPI_Request request = MPI_REQUEST_NULL;
  if (health.failed() || MPI_Ibarrier(MPI_COMM_WORLD, &request) != MPI_SUCCESS) return false;
  const Deadline deadline = Deadline::after(kLongestFarewell);
  auto pause = std::chrono::microseconds(1);
  while (!health.failed() && !deadline.expired()) {
    int done = 0;
    if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) return false;
    if (done != 0) return true;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(2000));
  }
  return false;
}

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  return text.data();  // the length counts the terminating zero in some versions
}

/// Ranks of one user may have been started with different credentials; being traceable by siblings is what opening
/// /proc/PID/fd needs where the system restricts it.
void allow_peers_to_map_memory() {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}

}  // namespace

struct World::MpiSession {
  MpiSession(int& argc, char**& argv) {
    // A rank that waits inside MPI must not take the core from ranks that compute.
    set_default_environment("OMPI_MCA_mpi_yield_when_idle", "1");
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &thread_level);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    allow_peers_to_map_memory();
  }
  int thread_level = MPI_THREAD_SINGLE;
};

struct World::Watch {
  Watch(World& world, std::vector<PeerWatch::Peer> peers)
      : watch(std::move(peers), [&world, this](int peer) {
          if (leaving) return;
          const PeerLost lost(concat(world.topology_.describe(peer), " (pid ", world.topology_.members[peer].pid,
                                     ") ended unexpectedly"),
                              "look at the end of its log and of the system's log (out of memory?)");
          world.health_.report(std::make_exception_ptr(lost));
        }) {}
  std::atomic<bool> leaving{false};
  PeerWatch watch;
};

World::World(int& argc, char**& argv) : World(std::make_unique<MpiSession>(argc, argv)) {}

World::World(std::unique_ptr<MpiSession> session)
    : session_(std::move(session)),
      rank_(rank_in_world()),
      topology_(discover_topology()),
      local_size_(static_cast<int>(topology_.ranks_of_host(topology_.members[rank_].host).size())),
      mpi_version_(library_version()),
      uncaught_at_start_(std::uncaught_exceptions()),
      post_mortem_(rank_, topology_.world_size(), topology_.members[rank_].host_name) {
  refuse_lonely_ranks(world_size());
  if (topology_.num_hosts() > 1 && session_->thread_level < MPI_THREAD_MULTIPLE)
    throw ConfigError("this MPI library does not offer MPI_THREAD_MULTIPLE, which several hosts need",
                      "use an MPI built with it (for Open MPI 4: --enable-mpi-thread-multiple is the default)");
  LogOptions log;
  log.rank = rank_;
  log.world_size = world_size();
  if (topology_.num_hosts() > 1) log.host = topology_.members[rank_].host_name;
  configure_log(log);
  health_.on_failure([this](const std::exception& error) {
    log_error(error.what());
    post_mortem_.write(error);
    flush_log();
  });
  std::vector<PeerWatch::Peer> peers;
  for (int peer : topology_.ranks_of_host(host_index()))
    if (peer != rank_) peers.push_back({peer, static_cast<pid_t>(topology_.members[peer].pid)});
  if (!peers.empty()) watch_ = std::make_unique<Watch>(*this, std::move(peers));
}

World::~World() {
  const bool unwinding = std::uncaught_exceptions() > uncaught_at_start_;
  if (!unwinding && !health_.failed())
    for (const auto& [type, companion] : companions_) companion->before_farewell();
  if (!unwinding && everyone_leaves(health_)) {
    if (watch_) watch_->leaving = true;
    watch_.reset();
    for (const auto& [type, companion] : companions_) companion->after_farewell();
    companions_.clear();
    MPI_Finalize();
  }
  flush_log();
}

void World::fail(const std::exception& error) {
  const auto* own = dynamic_cast<const Error*>(&error);
  const int code = own ? own->exit_code() : 1;
  leave_after(kTimeForLastWords, code);
  const std::exception_ptr current = std::current_exception();
  const bool is_first = health_.report(current ? current : std::make_exception_ptr(Error(error.what())));
  if (!is_first && !is_known(error, health_)) log_error(error.what());
  flush_log();
  leave_after(kTimeToAbort, code);
  MPI_Abort(MPI_COMM_WORLD, code);
  _exit(code);
}

int run_main(int argc, char** argv, const std::function<int(World&)>& body) {
  return run_main(argv[0], [&]() -> int {
    World world(argc, argv);
    try {
      return body(world);
    } catch (const std::exception& error) {
      world.fail(error);
    }
  });
}

}  // namespace skein
