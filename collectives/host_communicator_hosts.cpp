// What HostCommunicator does when ranks are on several hosts.

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "collectives/algorithms.h"
#include "collectives/choose.h"
#include "collectives/execute.h"
#include "collectives/host_communicator.h"
#include "collectives/node_operations.h"
#include "collectives/reduce_kernels.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// Messages of different calls never mix, even when ranks are a call apart.
ExecuteOptions options_of(const Call& call) {
  ExecuteOptions options;
  options.tag = 1 + static_cast<Tag>(call.sequence % (1u << 29));
  return options;
}

/// kAverage travels as a sum; the result is scaled once.
ReduceOp travelling_op(ReduceOp op) {
  return op == ReduceOp::kAverage ? ReduceOp::kSum : op;
}

void scale_if_average(const Call& call, void* data, std::size_t count, int num_ranks) {
  if (call.reduce_op != ReduceOp::kAverage) return;
  const std::array<void*, 1> target{data};
  const std::array<const void*, 1> source{data};
  reduce_buffers(target, source, count, call.dtype, ReduceOp::kSum, 1.0 / num_ranks);
}

/// Also of nothing, from nowhere.
void copy_bytes(void* to, const void* from, std::size_t num_bytes) {
  if (num_bytes != 0) std::memcpy(to, from, num_bytes);
}

std::vector<Range> equal_blocks(std::size_t count, int num_blocks) {
  std::vector<Range> blocks;
  for (int i = 0; i < num_blocks; ++i) blocks.push_back({i * count, count});
  return blocks;
}

}  // namespace

/// Runs a schedule; a wait that times out says in which call.
void HostCommunicator::exchange(const Schedule& schedule, std::span<const int> peers, const Elements& elements,
                                const Call& call, Deadline deadline) {
  try {
    execute(*transport_, schedule, peers, elements, options_of(call), deadline);
  } catch (const TimeoutError& error) {
    throw TimeoutError(concat(call.describe(), ": ", error.what()),
                       "look at what that rank is doing; raise the deadline if it is only slow");
  }
}

/// Every call begins in this way, whatever it is: ranks that ask for different things must meet before they can differ.
void HostCommunicator::begin_across_hosts(const Call& call, const NodeGroup::Places& places, Deadline deadline) {
  group_.gather(call, places, deadline);
  agree(call, deadline);
}

/// Before any data moves every rank learns whether all asked for the same: min(d) and min(~d) over all digests d belong
/// together only when all d are equal.
void HostCommunicator::agree(const Call& call, Deadline deadline) {
  const std::uint64_t digest = call.digest();
  std::array<std::uint64_t, 2> lowest{digest, ~digest};
  exchange(recursive_doubling_allreduce(rank(), world_size(), lowest.size()), all_ranks_,
           {reinterpret_cast<std::byte*>(lowest.data()), DType::kUInt64, ReduceOp::kMin}, call, deadline);
  if (lowest[0] != ~lowest[1]) throw_mismatch(call, deadline);
}

void HostCommunicator::throw_mismatch(const Call& call, Deadline deadline) {
  constexpr std::size_t kTextBytes = 512;
  std::vector<char> texts(kTextBytes * world_size(), '\0');
  call.describe().copy(texts.data() + rank() * kTextBytes, kTextBytes - 1);
  exchange(ring_allgather(rank(), equal_blocks(kTextBytes, world_size())), all_ranks_,
           {reinterpret_cast<std::byte*>(texts.data()), DType::kUInt8, ReduceOp::kSum}, call, deadline);
  std::string message = "the ranks disagree about what to do next:";
  for (int other = 0; other < world_size(); ++other)
    message += concat("\n  ", topology_.describe(other), ": ", texts.data() + other * kTextBytes);
  throw MismatchError(message, "make every rank run the same program with the same options and the same model");
}

void HostCommunicator::dispatch_across_hosts(const Request& request, const Call& call, Deadline deadline) {
  if (request.operation == Operation::kAllreduce) return allreduce_across_hosts(request, call, deadline);
  begin_across_hosts(call, {}, deadline);
  const Buffer& out = request.output;
  auto* data = static_cast<std::byte*>(out.data);
  const auto run_schedule = [&](const Schedule& schedule, std::byte* base) {
    exchange(schedule, all_ranks_, {base, out.dtype, travelling_op(call.reduce_op)}, call, deadline);
  };
  switch (request.operation) {
    case Operation::kBroadcast:
      return run_schedule(binomial_broadcast(rank(), world_size(), call.root, out.count), data);
    case Operation::kAllgather: {
      const std::size_t block = request.input.num_bytes();
      if (data + rank() * block != request.input.data) copy_bytes(data + rank() * block, request.input.data, block);
      return run_schedule(ring_allgather(rank(), equal_blocks(request.input.count, world_size())), data);
    }
    case Operation::kReduceScatter: {
      const auto* input = static_cast<const std::byte*>(request.input.data);
      std::vector<std::byte> work(input, input + request.input.num_bytes());
      run_schedule(ring_reduce_scatter(rank(), equal_blocks(out.count, world_size())), work.data());
      copy_bytes(data, work.data() + rank() * out.num_bytes(), out.num_bytes());
      return scale_if_average(call, data, out.count, world_size());
    }
    default:
      return;  // the agreement is a barrier
  }
}

/// Rank that drives a slice on each host, by host. There are as many slices as the largest host has ranks; a smaller
/// host drives several with the same rank.
std::vector<int> HostCommunicator::slice_drivers(int slice) const {
  std::vector<int> drivers;
  for (int host = 0; host < topology_.num_hosts(); ++host) {
    const std::vector<int> ranks = topology_.ranks_of_host(host);
    drivers.push_back(ranks[slice % ranks.size()]);
  }
  return drivers;
}

void HostCommunicator::reduce_slice(const Call& call, std::span<std::byte* const> sources, std::byte* result, int slice,
                                    std::size_t count, Deadline deadline) {
  const std::vector<const void*> inputs(sources.begin(), sources.end());
  const ReduceOp op = travelling_op(call.reduce_op);
  reduce_buffers(std::array<void*, 1>{result}, inputs, count, call.dtype, op);
  const std::vector<int> drivers = slice_drivers(slice);
  const int host = topology_.members[rank()].host;
  const int num_hosts = topology_.num_hosts();
  const Schedule schedule = choose_allreduce(count, call.dtype) == AllreduceAlgorithm::kRing
                                ? ring_allreduce(host, split_evenly(count, num_hosts))
                                : recursive_doubling_allreduce(host, num_hosts, count);
  exchange(schedule, drivers, {result, call.dtype, op}, call, deadline);
  scale_if_average(call, result, count, world_size());
}

void HostCommunicator::allreduce_across_hosts(const Request& request, const Call& call, Deadline deadline) {
  const Buffer& buffer = request.output;
  auto* const own = static_cast<std::byte*>(buffer.data);
  begin_across_hosts(call, {Arena::kNowhere, group_.locate(own, buffer.num_bytes())}, deadline);
  const int num_local = group_.local_size();
  std::vector<std::byte*> in_place(num_local);
  bool all_located = true;
  for (int local = 0; local < num_local; ++local) {
    const Arena::Location place = group_.places(local).output;
    all_located = all_located && place != Arena::kNowhere;
    if (place != Arena::kNowhere) in_place[local] = group_.address(place, local);
  }

  const std::size_t element = dtype_bytes(call.dtype);
  const std::size_t chunk_count = group_.stage_bytes() / element;
  const int num_slices = topology_.max_local_size();
  for (std::size_t begin = 0; begin < buffer.count; begin += chunk_count) {
    const std::size_t count = std::min(chunk_count, buffer.count - begin);
    if (!all_located) {
      copy_bytes(group_.stage(group_.local_rank(), 0), own + begin * element, count * element);
      group_.sync(deadline);
    }
    for (int slice = group_.local_rank(); slice < num_slices; slice += num_local) {
      const Range part = cache_aligned_part(count, call.dtype, num_slices, slice);
      std::vector<std::byte*> sources(num_local);
      for (int local = 0; local < num_local; ++local)
        sources[local] =
            (all_located ? in_place[local] + begin * element : group_.stage(local, 0)) + part.begin * element;
      std::byte* result = all_located ? sources[group_.local_rank()] : group_.shared_stage(0) + part.begin * element;
      reduce_slice(call, sources, result, slice, part.count, deadline);
      for (int local = 0; all_located && local < num_local; ++local)
        if (local != group_.local_rank()) copy_bytes(sources[local], result, part.count * element);
    }
    if (!all_located) {
      group_.sync(deadline);
      copy_bytes(own + begin * element, group_.shared_stage(0), count * element);
    }
  }
  group_.sync(deadline);
}

}  // namespace skein
