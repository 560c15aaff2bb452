#include "runtime/process/world.h"

#include <mpi.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>

#include "runtime/process/deadline.h"
#include "runtime/process/discover_topology.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/lifeline.h"
#include "runtime/process/log.h"
#include "runtime/process/peer_watch.h"
#include "runtime/process/run_main.h"
#include "runtime/process/termination_grace.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

void refuse_lonely_ranks(int world_size) {
  const LaunchEnvironment launch = launch_environment();
  if (world_size != 1 || launch.world_size.value_or(1) == 1) return;
  const bool slurm = launch.launcher == LaunchEnvironment::Launcher::kSlurm;
  throw ConfigError(concat(slurm ? "srun" : "mpirun", " started ", *launch.world_size,
                           " tasks, but each sees a world of one rank: MPI and the launcher do not talk to each other"),
                    slurm ? "use 'srun --mpi=pmix' (see 'srun --mpi=list'), or mpirun inside the allocation"
                          : "start the program with the mpirun of the MPI library it was built with");
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
constexpr auto kTimeForOthers = std::chrono::seconds(2);  // to write their post-mortems
constexpr auto kTimeForOrigin = std::chrono::milliseconds(300);
constexpr auto kTimeToNotice = std::chrono::milliseconds(500);  // a death for which the launcher ends this rank, too
constexpr auto kTimeForLauncher = std::chrono::seconds(5);

/// What a post-mortem of a thousand calls needs, held back for when there is no memory. In pieces that glibc takes from its
/// heap and returns there: larger ones would go back to the system, which might refuse them later. Nobody touches them, so
/// they cost addresses only.
class MemoryReserve {
 public:
  MemoryReserve() {
    for (int i = 0; i < kNumPieces; ++i) pieces_.push_back(std::make_unique_for_overwrite<std::byte[]>(kPieceBytes));
  }
  void release() { pieces_.clear(); }

 private:
  static constexpr int kNumPieces = 64;
  static constexpr std::size_t kPieceBytes = 64 * 1024;
  std::vector<std::unique_ptr<std::byte[]>> pieces_;
};

/// mpirun probes other hosts when it is told to, and then ends the job when one is lost. An abort before that would make it
/// wait for the lost host, for a quarter of an hour: what is on its way keeps probes from being sent.
bool launcher_notices_lost_hosts() {
  return environment_variable("OMPI_MCA_oob_tcp_keepalive_time").has_value();
}

/// Ends this process, whatever its other threads are stuck in; by an alarm where there is no memory for one more of them.
void leave_after(std::chrono::seconds delay, int exit_code) {
  static volatile std::sig_atomic_t code = 0;
  code = exit_code;
  try {
    std::thread([=] {
      std::this_thread::sleep_for(delay);
      _exit(exit_code);
    }).detach();
  } catch (const std::system_error&) {
    std::signal(SIGALRM, [](int) { _exit(code); });
    alarm(static_cast<unsigned>(delay.count()));
  }
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
  std::mutex aborting;  // Open MPI's message about an abort ends in a crash when two threads write it
};

struct World::Watch {
  Watch(Lifeline& lifeline, std::vector<PeerWatch::Peer> peers)
      : watch(std::move(peers), [&lifeline](int peer) { lifeline.process_ended(peer); }) {}
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
  health_.on_failure([this, reserve = std::make_shared<MemoryReserve>()](const std::exception& error) {
    reserve->release();
    log_error(error.what());
    if (!heard_ && lifeline_) lifeline_->announce_failure(error);
    post_mortem_.write(error);
    flush_log();
    if (lifeline_) lifeline_->ready_to_end();
  });
  if (world_size() > 1) listen();
}

/// Connects the ranks beside MPI, and watches those of this host.
void World::listen() {
  termination_grace_ = std::make_unique<TerminationGrace>(kTimeToNotice);
  LifelinePort port(environment_variable("SKEIN_NETWORK_INTERFACES").value_or(""));
  std::vector<LifelineContact> contacts(world_size());
  MPI_Allgather(&port.contact(), sizeof(LifelineContact), MPI_BYTE, contacts.data(), sizeof(LifelineContact), MPI_BYTE,
                MPI_COMM_WORLD);
  lifeline_ = std::make_unique<Lifeline>(rank_, topology_, std::move(port), std::move(contacts),
                                         [this](const std::exception_ptr& failure) {
                                           heard_ = true;
                                           health_.report(failure);
                                         });
  std::vector<PeerWatch::Peer> peers;
  for (int peer : topology_.ranks_of_host(host_index()))
    if (peer != rank_) peers.push_back({peer, static_cast<pid_t>(topology_.members[peer].pid)});
  if (!peers.empty()) watch_ = std::make_unique<Watch>(*lifeline_, std::move(peers));
}

World::~World() {
  const bool unwinding = std::uncaught_exceptions() > uncaught_at_start_;
  if (!unwinding && !health_.failed())
    for (const auto& [type, companion] : companions_) companion->before_farewell();
  if (!unwinding && everyone_leaves(health_)) {
    if (lifeline_) lifeline_->leave();
    watch_.reset();
    for (const auto& [type, companion] : companions_) companion->after_farewell();
    companions_.clear();
    lifeline_.reset();
    MPI_Finalize();
  }
  flush_log();
}

/// The first rank that aborts ends all others, and gives the job its exit code: that should be the one with the cause.
void World::let_others_end_well() {
  lifeline_->await_ready_to_end(Deadline::after(kTimeForOthers));
  if (heard_) std::this_thread::sleep_for(kTimeForOrigin);
  if (lifeline_->has_lost_host() && launcher_notices_lost_hosts()) std::this_thread::sleep_for(kTimeForLauncher);
}

void World::fail(const std::exception& error) {
  const auto* own = dynamic_cast<const Error*>(&error);
  const int code = own ? own->exit_code() : 1;
  leave_after(kTimeForLastWords, code);
  const std::exception_ptr current = std::current_exception();
  const bool is_first = health_.report(current ? current : std::make_exception_ptr(Error(error.what())));
  if (!is_first && !is_known(error, health_)) log_error(error.what());
  flush_log();
  if (lifeline_) let_others_end_well();
  leave_after(kTimeToAbort, code);
  session_->aborting.lock();  // for good: another thread that fails waits here for the end
  MPI_Abort(MPI_COMM_WORLD, code);
  _exit(code);
}

namespace {

/// Made while there is memory.
const Error kOutOfMemory("out of memory",
                         "ask for less (smaller batches, fewer threads), or raise the limit of this process or its job");

int in_words(World& world, const std::function<int(World&)>& body) {
  try {
    return body(world);
  } catch (const std::bad_alloc&) {
    throw kOutOfMemory;
  }
}

}  // namespace

int run_main(int argc, char** argv, const std::function<int(World&)>& body) {
  return run_main(argv[0], [&]() -> int {
    World world(argc, argv);
    try {
      return in_words(world, body);
    } catch (const std::exception& error) {
      world.fail(error);
    }
  });
}

}  // namespace skein
