#pragma once
// Ranks as threads of this process, on as many pretended hosts as a test wants.

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "collectives/communicator.h"
#include "collectives/transport.h"
#include "runtime/process/health.h"
#include "runtime/process/topology.h"

namespace skein {

/// What a rank has before it makes a communicator. All ranks share the one `health`.
struct RankContext {
  int rank;
  const Topology& topology;
  Health& health;
  std::unique_ptr<Transport> transport;
};

/// How long all ranks together may take before the test fails; a thread sanitizer slows them tenfold.
inline constexpr std::chrono::seconds kRanksLimit{60};

/// Runs `body` in one thread for each rank, `local_sizes[h]` of them on host h, and returns when all have
/// ended. Throws the first failure as a std::runtime_error that begins with the rank and the kind; the other
/// ranks then give up too, because the failure is reported to their `health`. Ranks that have not ended after
/// `limit` fail in the same way; if even that does not end them, std::terminate ends the program, since their
/// stacks are still in use.
void run_rank_threads(const std::vector<int>& local_sizes, const std::function<void(RankContext&)>& body,
                      std::chrono::seconds limit = kRanksLimit);

/// The same with a HostCommunicator for each rank.
void run_ranks(const std::vector<int>& local_sizes, const std::function<void(Communicator&)>& body,
               std::chrono::seconds limit = kRanksLimit);

}  // namespace skein
