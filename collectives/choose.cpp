#include "collectives/choose.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

#include "collectives/algorithms.h"
#include "collectives/workload.h"

namespace skein {
namespace {

/// Assumes 30 us and 100 MB/s, a slow network.
constexpr std::size_t kShortBytes = 32 * 1024;
/// The model must promise this much, as a ratio of times, before its choice displaces the default's.
constexpr double kClearGain = 1.1;
constexpr double kEqual = 1.03;  // below this two choices are as good as each other
constexpr std::size_t kLeastBytes = 1024;
constexpr std::size_t kMostBytes = 4 << 20;  // where only bytes count any more
/// The model of a larger world takes too long; its crossovers are those of a smaller one, scaled.
constexpr int kMostRanks = 64;

[[noreturn]] void refuse(Algorithm algorithm, Operation operation) {
  throw std::logic_error(std::string(algorithm_name(algorithm)) + " is no way to " +
                         std::string(operation_name(operation)));
}

/// A topology like the given one, small enough for the model.
Topology modelled(const Topology& topology) {
  if (topology.world_size() <= kMostRanks) return topology;
  const int local_size = std::min(topology.max_local_size(), kMostRanks / 2);
  const int num_hosts = std::min(topology.num_hosts(), kMostRanks / local_size);
  return Topology::of(std::vector<int>(num_hosts, local_size));
}

/// `usual` is the default's choice, `previous` that for the next smaller size, if any.
Algorithm fastest(Operation operation, std::size_t num_bytes, const Topology& topology, const LinkProfile& profile,
                  Algorithm usual, std::optional<Algorithm> previous) {
  std::map<Algorithm, double> seconds;
  for (const Algorithm algorithm : algorithms_of(operation, schedule_size(operation, topology)))
    seconds[algorithm] =
        predict_seconds(data_workload({operation, num_bytes, topology}, algorithm), hosts_of(topology), profile);
  const auto best =
      std::min_element(seconds.begin(), seconds.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (best->second * kClearGain > seconds.at(usual)) return usual;
  if (previous && seconds.at(*previous) < best->second * kEqual) return *previous;
  return best->first;
}

std::vector<AlgorithmTable::Entry> fastest_by_size(Operation operation, const Topology& topology,
                                                   const LinkProfile& profile) {
  const Topology small = modelled(topology);
  const AlgorithmTable usual = default_algorithms(small);
  std::vector<AlgorithmTable::Entry> entries;
  for (std::size_t num_bytes = kLeastBytes; num_bytes <= kMostBytes; num_bytes *= 2) {
    const std::size_t asked = chosen_bytes(operation, num_bytes, small);
    const auto previous = entries.empty() ? std::nullopt : std::optional(entries.back().algorithm);
    const Algorithm algorithm = fastest(operation, num_bytes, small, profile, usual.choose(operation, asked), previous);
    if (previous == algorithm) continue;
    const std::size_t scaled = asked * schedule_size(operation, topology) / schedule_size(operation, small);
    entries.push_back({entries.empty() ? 0 : scaled, algorithm});
  }
  return entries;
}

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) {
  static constexpr std::array<std::string_view, kNumAlgorithms> kNames = {
      "ring", "recursive doubling", "halving and doubling", "doubling", "halving", "binomial tree", "chain"};
  return kNames[static_cast<std::size_t>(algorithm)];
}

std::vector<Algorithm> algorithms_of(Operation operation, int num_ranks) {
  switch (operation) {
    case Operation::kAllreduce:
    case Operation::kReduce:
      if (num_ranks == 2) return {Algorithm::kRing, Algorithm::kRecursiveDoubling};
      return {Algorithm::kRing, Algorithm::kRecursiveDoubling, Algorithm::kHalvingDoubling};
    case Operation::kReduceScatter:
      return {Algorithm::kRing, Algorithm::kHalving};
    case Operation::kAllgather:
      return {Algorithm::kRing, Algorithm::kDoubling};
    case Operation::kBroadcast:
      return {Algorithm::kBinomialTree, Algorithm::kChain};
    default:
      return {};
  }
}

Schedule allreduce_schedule(Algorithm algorithm, int rank, int num_ranks, std::size_t count) {
  if (algorithm == Algorithm::kRing) return ring_allreduce(rank, split_evenly(count, num_ranks));
  if (algorithm == Algorithm::kHalvingDoubling) return halving_doubling_allreduce(rank, split_evenly(count, num_ranks));
  if (algorithm == Algorithm::kRecursiveDoubling) return recursive_doubling_allreduce(rank, num_ranks, count);
  refuse(algorithm, Operation::kAllreduce);
}

Schedule reduce_scatter_schedule(Algorithm algorithm, int rank, std::span<const Range> blocks) {
  if (algorithm == Algorithm::kHalving) return halving_reduce_scatter(rank, blocks);
  if (algorithm == Algorithm::kRing) return ring_reduce_scatter(rank, blocks);
  refuse(algorithm, Operation::kReduceScatter);
}

Schedule allgather_schedule(Algorithm algorithm, int rank, std::span<const Range> blocks) {
  if (algorithm == Algorithm::kDoubling) return doubling_allgather(rank, blocks);
  if (algorithm == Algorithm::kRing) return ring_allgather(rank, blocks);
  refuse(algorithm, Operation::kAllgather);
}

Schedule broadcast_schedule(Algorithm algorithm, const HostOrder& order, int rank, int root, std::size_t count) {
  if (algorithm != Algorithm::kChain && algorithm != Algorithm::kBinomialTree) refuse(algorithm, Operation::kBroadcast);
  const auto broadcast = algorithm == Algorithm::kChain ? chain_broadcast : binomial_broadcast;
  return order.among_ranks(broadcast(order.position_of(rank), order.size(), order.position_of(root), count));
}

Algorithm AlgorithmTable::choose(Operation operation, std::size_t num_bytes) const {
  const std::vector<Entry>& all = entries(operation);
  std::size_t i = all.size() - 1;
  while (i > 0 && num_bytes < all[i].from_bytes) --i;
  return all[i].algorithm;
}

AlgorithmTable default_algorithms(const Topology& topology) {
  const auto num_hosts = static_cast<std::size_t>(topology.num_hosts());
  std::vector<AlgorithmTable::Entry> reduction{{0, Algorithm::kRecursiveDoubling}};
  // Halving and doubling sends as few bytes as the ring with fewer latencies, but in pieces that cannot be pipelined as
  // well: worth it while the ring's pieces are short.
  if (num_hosts > 2) reduction.push_back({kShortBytes, Algorithm::kHalvingDoubling});
  reduction.push_back({num_hosts > 2 ? kShortBytes * num_hosts : kShortBytes, Algorithm::kRing});
  AlgorithmTable table;
  table.set(Operation::kAllreduce, reduction);
  table.set(Operation::kReduce, reduction);
  table.set(Operation::kReduceScatter, {{0, Algorithm::kHalving}, {kShortBytes, Algorithm::kRing}});
  table.set(Operation::kAllgather, {{0, Algorithm::kDoubling}, {kShortBytes, Algorithm::kRing}});
  table.set(Operation::kBroadcast, {{0, Algorithm::kBinomialTree}, {kShortBytes, Algorithm::kChain}});
  return table;
}

AlgorithmTable choose_algorithms(const Topology& topology, const std::optional<LinkProfile>& profile) {
  AlgorithmTable table = default_algorithms(topology);
  if (!profile || topology.num_hosts() < 2) return table;
  for (const Operation operation : kOperationsWithChoice)
    if (!profile->keeps_default_of(operation))
      table.set(operation, fastest_by_size(operation, topology, *profile));
  return table;
}

}  // namespace skein
