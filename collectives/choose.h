#pragma once
// Which algorithm runs between hosts: a pure function of the operation, the number of bytes, the topology and the
// profile of the links, alike on all ranks. What depends on the latter two is found out once for each communicator.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "collectives/call.h"
#include "collectives/host_order.h"
#include "collectives/link_profile.h"
#include "collectives/schedule.h"
#include "runtime/process/topology.h"

namespace skein {

/// The operations that have a choice.
inline constexpr std::array kOperationsWithChoice = {Operation::kAllreduce, Operation::kReduce,
                                                     Operation::kReduceScatter, Operation::kAllgather,
                                                     Operation::kBroadcast};

enum class Algorithm : std::uint8_t {
  kRing,
  kRecursiveDoubling,
  kHalvingDoubling,
  kDoubling,
  kHalving,
  kBinomialTree,
  kChain,
};
inline constexpr int kNumAlgorithms = 7;
/// "ring", "recursive doubling", ...
std::string_view algorithm_name(Algorithm algorithm);

/// Those that an operation has a choice between; empty where there is one way only. `num_ranks` take part in a schedule.
std::vector<Algorithm> algorithms_of(Operation operation, int num_ranks);

/// The schedules by algorithm; those of a broadcast go from host to host. Throws std::logic_error for one that the
/// operation does not have.
Schedule allreduce_schedule(Algorithm algorithm, int rank, int num_ranks, std::size_t count);
Schedule reduce_scatter_schedule(Algorithm algorithm, int rank, std::span<const Range> blocks);
Schedule allgather_schedule(Algorithm algorithm, int rank, std::span<const Range> blocks);
Schedule broadcast_schedule(Algorithm algorithm, const HostOrder& order, int rank, int root, std::size_t count);

/// The choice by number of bytes: of the whole buffer for broadcast, of one slice otherwise.
class AlgorithmTable {
 public:
  struct Entry {
    std::size_t from_bytes;
    Algorithm algorithm;
    bool operator==(const Entry&) const = default;
  };
  /// Only of operations that have a choice.
  Algorithm choose(Operation operation, std::size_t num_bytes) const;
  /// In ascending order, the first from 0 on.
  const std::vector<Entry>& entries(Operation operation) const { return entries_[static_cast<int>(operation)]; }
  void set(Operation operation, std::vector<Entry> entries) {
    entries_[static_cast<int>(operation)] = std::move(entries);
  }
  bool operator==(const AlgorithmTable&) const = default;

 private:
  std::array<std::vector<Entry>, kNumOperations> entries_;
};

/// Without a profile a message counts as short below 32 KiB, and short messages go the way of fewest latencies.
AlgorithmTable default_algorithms(const Topology& topology);

/// By what the model of the links predicts for a range of sizes; where it sees no clear gain over the default, the
/// default stays. Takes milliseconds for a few hosts and about 0.1 s for large worlds; nothing without a profile or on
/// one host.
AlgorithmTable choose_algorithms(const Topology& topology, const std::optional<LinkProfile>& profile);

}  // namespace skein
