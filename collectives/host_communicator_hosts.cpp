// What HostCommunicator does when ranks are on several hosts.

#include <algorithm>
#include <array>

#include "collectives/agreement.h"
#include "collectives/algorithms.h"
#include "collectives/cross_host_blocks.h"
#include "collectives/cross_host_reduce.h"
#include "collectives/execute.h"
#include "collectives/host_communicator.h"
#include "collectives/movement.h"
#include "collectives/node_operations.h"
#include "collectives/node_pipeline.h"
#include "collectives/reduce_kernels.h"
#include "collectives/slices.h"
#include "collectives/workload.h"
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

}  // namespace

/// Runs `action`; a wait that times out says in which call.
template <class Action>
void HostCommunicator::within(const Call& call, Action action) {
  try {
    action();
  } catch (const TimeoutError& error) {
    throw TimeoutError(concat(call.describe(), ": ", error.what()),
                       "look at what that rank is doing; raise the deadline if it is only slow");
  }
}

void HostCommunicator::exchange(const Schedule& schedule, std::span<const int> peers, const Elements& elements,
                                const Call& call, Deadline deadline) {
  within(call, [&] { execute(*transport_, schedule, peers, elements, options_of(call), deadline); });
}

/// Every call begins in this way, whatever it is: ranks that ask for different things must meet before they can differ.
void HostCommunicator::begin_across_hosts(const Call& call, const NodeGroup::Places& places, Deadline deadline) {
  group_.gather(call, places, deadline);
  agree(call, {}, deadline);
}

/// Every local rank asks its own counterparts on the other hosts, with what all ranks of this host said, so that each
/// knows the answer without another sync point. Ranks of small hosts answer several of a large one.
void HostCommunicator::agree(const Call& call, const SmallPayload& payload, Deadline deadline) {
  const std::vector<std::uint64_t> digests = group_.digests();
  const int host = topology_.members[rank()].host;
  std::vector<std::byte> spare(payload.data, payload.data + payload.num_bytes());
  bool agreed = true;
  for (int slice = group_.local_rank(); slice < topology_.max_local_size(); slice += group_.local_size()) {
    SmallPayload carried = payload;
    std::vector<std::byte> copy;
    if (slice != group_.local_rank() && payload.count != 0) {  // the result is already there
      copy = spare;
      carried.data = copy.data();
    }
    within(call, [&] {
      agreed &= agree_between_hosts(*transport_, slice_drivers(topology_, slice), host, digests, carried, options_of(call).tag,
                                    deadline);
    });
  }
  recorder_.met();
  if (!agreed) throw_mismatch(call, deadline);
}

/// min(v) and min(~v) over all values v belong together only when all v are equal.
bool HostCommunicator::all_agree(std::uint64_t value, const Call& call, Deadline deadline) {
  std::array<std::uint64_t, 2> lowest{value, ~value};
  exchange(recursive_doubling_allreduce(rank(), world_size(), lowest.size()), all_ranks_,
           {reinterpret_cast<std::byte*>(lowest.data()), DType::kUInt64, ReduceOp::kMin}, call, deadline);
  return lowest[0] == ~lowest[1];
}

void HostCommunicator::throw_mismatch(const Call& call, Deadline deadline) {
  throw MismatchError("the ranks disagree about what to do next:" + gather_lines(call.describe(), call, deadline),
                      "make every rank run the same program with the same options and the same model");
}

/// What every rank has to say, a line each; cut where it is long. Only on the way to an error.
std::string HostCommunicator::gather_lines(const std::string& mine, const Call& call, Deadline deadline) {
  constexpr std::size_t kTextBytes = 512;
  std::vector<char> texts(kTextBytes * world_size(), '\0');
  mine.copy(texts.data() + rank() * kTextBytes, kTextBytes - 1);
  const std::vector<std::size_t> lengths(world_size(), kTextBytes);
  exchange(ring_allgather(rank(), consecutive(lengths)), all_ranks_,
           {reinterpret_cast<std::byte*>(texts.data()), DType::kUInt8, ReduceOp::kSum}, call, deadline);
  std::string lines;
  for (int other = 0; other < world_size(); ++other)
    lines += concat("\n  ", topology_.describe(other), ": ", texts.data() + other * kTextBytes);
  return lines;
}

/// Of a call that begins and ends in the buffers of all ranks of a host.
template <class CrossHost>
void HostCommunicator::run_in_slices(const Request& request, const Call& call, Deadline deadline) {
  CrossHost under_way(in_slices_, request, call);
  begin_across_hosts(call, under_way.places(), deadline);
  within(call, [&] { under_way.run(options_of(call), deadline); });
}

void HostCommunicator::dispatch_across_hosts(const Request& request, const Call& call, Deadline deadline) {
  const Operation operation = request.operation;
  if (operation == Operation::kAllreduce || operation == Operation::kReduce) {
    if (travels_with_agreement(operation, request.input.num_bytes(), topology_))
      return reduce_small_across_hosts(request, call, deadline);
    return run_in_slices<CrossHostReduce>(request, call, deadline);
  }
  if (operation == Operation::kReduceScatter || operation == Operation::kAllgather)
    return run_in_slices<CrossHostBlocks>(request, call, deadline);
  begin_across_hosts(call, {}, deadline);
  if (operation == Operation::kBarrier) return;  // the agreement is one
  if (operation == Operation::kAlltoall) return alltoall_across_hosts(request, call, deadline);
  // Out of place this rank moves what it gives itself; the others get theirs from where it lies.
  const Movement movement = movement_of(call, rank(), world_size());
  const std::size_t element = dtype_bytes(call.dtype);
  const std::byte* input = bytes(request.input);
  std::byte* output = bytes(request.output);
  for (const Movement::Incoming& block : movement.incoming)
    if (block.from == rank())
      copy_bytes(output + block.target.begin * element, input + movement.outgoing[rank()][block.index].begin * element,
                 block.target.count * element);
  const std::vector<Range> blocks = consecutive(block_counts_of(call, world_size()));
  const Range own{0, blocks[rank()].count};
  const auto run_schedule = [&](const Schedule& schedule, const std::byte* sent) {
    exchange(schedule, all_ranks_, {output, call.dtype, ReduceOp::kSum, sent}, call, deadline);
  };
  if (operation == Operation::kBroadcast)
    return run_schedule(broadcast_schedule(algorithms_.choose(operation, call.count * element), host_order_, rank(),
                                           call.root, call.count),
                        nullptr);
  if (operation == Operation::kGather) return run_schedule(linear_gather(rank(), call.root, blocks, own), input);
  run_schedule(linear_scatter(rank(), call.root, blocks, own), input);
}

/// Every rank tells every other how much it sends, and all learn whether all pairs agree.
void HostCommunicator::check_pairs_across_hosts(const Request& request, const Call& call, Deadline deadline) {
  const std::vector<std::size_t> one_each(world_size(), 1);
  const std::vector<Range> blocks = consecutive(one_each);
  std::vector<std::uint64_t> arriving(world_size());
  arriving[rank()] = request.block_counts[rank()];
  exchange(pairwise_alltoall(rank(), blocks, blocks), all_ranks_,
           {reinterpret_cast<std::byte*>(arriving.data()), DType::kUInt64, ReduceOp::kSum,
            reinterpret_cast<const std::byte*>(request.block_counts.data())},
           call, deadline);
  std::string problems;
  for (int from = 0; from < world_size(); ++from)
    if (arriving[from] != request.recv_counts[from])
      problems += pair_mismatch(from, arriving[from], rank(), request.recv_counts[from]);
  // All zero where all is well; ranks with a problem differ from all others.
  if (all_agree(problems.empty() ? 0 : rank() + 1, call, deadline)) return;
  throw_pair_mismatch(call, gather_lines(problems.empty() ? "nothing wrong on its side" : problems, call, deadline));
}

void HostCommunicator::alltoall_across_hosts(const Request& request, const Call& call, Deadline deadline) {
  const std::vector<std::size_t> alike(world_size(), call.count);
  if (call.pairwise_counts) check_pairs_across_hosts(request, call, deadline);
  const std::vector<Range> sent = consecutive(call.pairwise_counts ? request.block_counts : alike);
  const std::vector<Range> received = consecutive(call.pairwise_counts ? request.recv_counts : alike);
  const std::size_t element = dtype_bytes(call.dtype);
  copy_bytes(bytes(request.output) + received[rank()].begin * element,
             bytes(request.input) + sent[rank()].begin * element, sent[rank()].count * element);
  exchange(pairwise_alltoall(rank(), sent, received), all_ranks_,
           {bytes(request.output), call.dtype, ReduceOp::kSum, bytes(request.input)}, call, deadline);
}

/// Every local rank reduces all of this host, and all of the other hosts while they agree.
void HostCommunicator::reduce_small_across_hosts(const Request& request, const Call& call, Deadline deadline) {
  const Buffer& input = request.input;
  const ReduceOp op = travelling_op(call.reduce_op);
  copy_bytes(group_.next_small(), bytes(input), input.num_bytes());
  group_.gather(call, {}, deadline);
  std::vector<std::byte> total(input.num_bytes());
  const auto sources = for_each_rank(group_, [&](int local) { return group_.small(local); });
  reduce_buffers(std::array<void*, 1>{total.data()}, sources, input.count, call.dtype, op, {call.scales.pre, 1.0});
  agree(call, {total.data(), input.count, call.dtype, op}, deadline);
  if (call.operation == Operation::kReduce && rank() != call.root) return;
  scale_result(call, total.data(), input.count, world_size());
  copy_bytes(bytes(request.output), total.data(), total.size());
}

}  // namespace skein
