#pragma once
// The processes of one job: starts and ends MPI, knows every rank's place, and is the one place that may end the
// process.

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <typeindex>

#include "runtime/process/health.h"
#include "runtime/process/post_mortem.h"
#include "runtime/process/topology.h"

namespace skein {

class Lifeline;
class TerminationGrace;

/// One object in main(), passed by reference; made and destroyed by the same thread. Everything else may be called
/// from any thread.
class World {
 public:
  /// Starts MPI and finds out which ranks share memory. Collective: blocks until all ranks have started.
  /// Throws ConfigError when the launcher started several tasks but MPI sees only one (srun without PMI support), or
  /// when several hosts take part and MPI lacks MPI_THREAD_MULTIPLE.
  World(int& argc, char**& argv);
  /// Ends MPI together with the other ranks. After a failure, or while an exception unwinds, it leaves MPI alone:
  /// the other ranks might never come.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const { return rank_; }
  int world_size() const { return topology_.world_size(); }
  int local_rank() const { return topology_.members[rank_].local_rank; }
  int local_size() const { return local_size_; }
  int host_index() const { return topology_.members[rank_].host; }
  const Topology& topology() const { return topology_; }
  /// "Open MPI v4.1.4, ..." as the library reports itself.
  const std::string& mpi_version() const { return mpi_version_; }

  Health& health() { return health_; }
  PostMortem& post_mortem() { return post_mortem_; }
  /// How ranks hear of each other beside MPI; null in a world of one.
  Lifeline* lifeline() { return lifeline_.get(); }

  /// What another layer keeps with the World, one object of each type. Not called once the job has failed.
  class Companion {
   public:
    virtual ~Companion() = default;
    virtual void before_farewell() {}  ///< before the other ranks learn that this one is about to leave
    virtual void after_farewell() {}   ///< once all ranks are about to leave and none has; MPI still works
  };
  /// The companion of type `T`, made as T(World&) at the first call. From one thread at a time.
  template <class T>
  T& companion() {
    std::unique_ptr<Companion>& companion = companions_[std::type_index(typeid(T))];
    if (!companion) companion = std::make_unique<T>(*this);
    return static_cast<T&>(*companion);
  }

  /// Ends the job: logs the error, writes the post-mortem, waits up to 2 s for the others' and tells MPI to abort all
  /// ranks; leaves this process a second later, or within 20 where the file system hangs. The exit code is the error's
  /// own (runtime/process/error.h), 1 for other exceptions. Call it where `error` is caught: only then does it keep its
  /// kind.
  [[noreturn]] void fail(const std::exception& error);

 private:
  struct MpiSession;  // MPI_Init and MPI_Finalize
  struct Watch;       // the thread that notices dead peers
  void listen();
  void let_others_end_well();
  World(std::unique_ptr<MpiSession> session);

  std::unique_ptr<MpiSession> session_;
  int rank_;
  Topology topology_;
  int local_size_;
  std::string mpi_version_;
  int uncaught_at_start_;
  Health health_;
  PostMortem post_mortem_;
  std::atomic<bool> heard_{false};  // the failure comes from another rank
  std::unique_ptr<TerminationGrace> termination_grace_;
  std::unique_ptr<Lifeline> lifeline_;
  std::map<std::type_index, std::unique_ptr<Companion>> companions_;
  std::unique_ptr<Watch> watch_;
};

/// main() of a program of ranks: starts the World, runs `body` and returns its exit code. A failure inside of it ends
/// all ranks (World::fail); one of the start itself is printed and becomes the exit code.
///
///   int main(int argc, char** argv) {
///     return skein::run_main(argc, argv, [](skein::World& world) { train(world); return 0; });
///   }
int run_main(int argc, char** argv, const std::function<int(World&)>& body);

}  // namespace skein
