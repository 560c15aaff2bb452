#include "collectives/workload.h"

#include <algorithm>

#include "collectives/agreement.h"
#include "collectives/algorithms.h"
#include "collectives/host_order.h"
#include "collectives/node_operations.h"
#include "collectives/slices.h"

namespace skein {
namespace {

bool reduces_whole_buffers(Operation operation) {
  return operation == Operation::kAllreduce || operation == Operation::kReduce;
}

bool in_slices(Operation operation) {
  return reduces_whole_buffers(operation) || operation == Operation::kReduceScatter || operation == Operation::kAllgather;
}

/// What the driver of a slice runs on a host.
Schedule slice_schedule(const CallShape& shape, Algorithm algorithm, int host, int slice) {
  const std::size_t count = shape.num_bytes / shape.element_bytes;
  const int num_slices = shape.topology.max_local_size();
  if (reduces_whole_buffers(shape.operation))
    return allreduce_schedule(algorithm, host, shape.topology.num_hosts(),
                              cache_aligned_part(count, shape.element_bytes, num_slices, slice).count);
  std::vector<std::size_t> counts;
  for (const Range& block : split_evenly(count, shape.topology.world_size())) counts.push_back(block.count);
  const BlockSlice blocks(shape.topology, counts, shape.element_bytes, slice);
  const auto schedule_of = shape.operation == Operation::kAllgather ? allgather_schedule : reduce_scatter_schedule;
  return schedule_of(algorithm, host, blocks.parts());
}

/// Adds to each rank what it runs for each slice that it drives; `schedule_of(host, slice)` numbers peers by host.
template <class ScheduleOf>
void add_slices(Workload& workload, const Topology& topology, std::size_t element_bytes, ScheduleOf schedule_of) {
  for (int slice = 0; slice < topology.max_local_size(); ++slice) {
    const std::vector<int> drivers = slice_drivers(topology, slice);
    for (int host = 0; host < topology.num_hosts(); ++host) {
      Schedule schedule = schedule_of(host, slice);
      renumber(schedule, drivers);
      workload[drivers[host]].push_back({std::move(schedule), element_bytes});
    }
  }
}

Schedule flat_schedule(const CallShape& shape, Algorithm algorithm, const HostOrder& order, int rank,
                       const std::vector<Range>& blocks) {
  switch (shape.operation) {
    case Operation::kBroadcast:
      return broadcast_schedule(algorithm, order, rank, shape.root, blocks.back().end());
    case Operation::kGather:
      return linear_gather(rank, shape.root, blocks, {0, blocks[rank].count});
    case Operation::kScatter:
      return linear_scatter(rank, shape.root, blocks, {0, blocks[rank].count});
    case Operation::kAlltoall:
      return pairwise_alltoall(rank, blocks, blocks);
    default:
      return {};
  }
}

void add_data(Workload& workload, const CallShape& shape, Algorithm algorithm) {
  if (in_slices(shape.operation))
    return add_slices(workload, shape.topology, shape.element_bytes,
                      [&](int host, int slice) { return slice_schedule(shape, algorithm, host, slice); });
  if (shape.operation == Operation::kBarrier) return;
  const bool separate = shape.operation == Operation::kGather || shape.operation == Operation::kScatter ||
                        shape.operation == Operation::kAlltoall;
  const std::vector<Range> blocks = split_evenly(shape.num_bytes / shape.element_bytes, shape.topology.world_size());
  const HostOrder order(shape.topology);
  for (int rank = 0; rank < shape.topology.world_size(); ++rank)
    workload[rank].push_back({flat_schedule(shape, algorithm, order, rank, blocks), shape.element_bytes, separate});
}

}  // namespace

bool travels_with_agreement(Operation operation, std::size_t num_bytes, const Topology& topology) {
  return reduces_whole_buffers(operation) && num_bytes <= kMostPayloadBytes / topology.max_local_size();
}

int schedule_size(Operation operation, const Topology& topology) {
  return in_slices(operation) ? topology.num_hosts() : topology.world_size();
}

std::size_t chosen_bytes(Operation operation, std::size_t num_bytes, const Topology& topology) {
  return in_slices(operation) ? num_bytes / topology.max_local_size() : num_bytes;
}

std::vector<int> hosts_of(const Topology& topology) {
  std::vector<int> hosts;
  for (const Topology::Member& member : topology.members) hosts.push_back(member.host);
  return hosts;
}

Workload data_workload(const CallShape& shape, Algorithm algorithm) {
  Workload workload(shape.topology.world_size());
  add_data(workload, shape, algorithm);
  return workload;
}

Workload call_workload(const CallShape& shape, const AlgorithmTable& table) {
  Workload workload(shape.topology.world_size());
  const bool at_once = travels_with_agreement(shape.operation, shape.num_bytes, shape.topology);
  const std::size_t num_bytes = kAgreementBytes + (at_once ? shape.num_bytes : 0);
  add_slices(workload, shape.topology, /*element_bytes=*/1, [&](int host, int) {
    return recursive_doubling_allreduce(host, shape.topology.num_hosts(), num_bytes);
  });
  if (at_once) return workload;
  const bool has_choice = !algorithms_of(shape.operation, schedule_size(shape.operation, shape.topology)).empty();
  const std::size_t bytes = chosen_bytes(shape.operation, shape.num_bytes, shape.topology);
  add_data(workload, shape, has_choice ? table.choose(shape.operation, bytes) : Algorithm::kRing);
  return workload;
}

}  // namespace skein
