#include "collectives/host_communicator.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <numeric>
#include <set>
#include <utility>

#include "collectives/adasum.h"
#include "collectives/node_operations.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/trace/rank_ranges.h"

namespace skein {
namespace {

void validate_split(const std::vector<int>& ranks, int rank, int world_size) {
  const std::set<int> members(ranks.begin(), ranks.end());
  if (members.size() != ranks.size()) throw UsageError("split: a rank is given twice");
  if (members.count(rank) == 0) throw UsageError(concat("split: the calling rank ", rank, " is not among the ranks"));
  if (*members.begin() < 0 || *members.rbegin() >= world_size)
    throw UsageError(concat("split: the ranks go from 0 to ", world_size - 1));
}

}  // namespace

HostCommunicator::HostCommunicator(std::unique_ptr<Transport> transport, Topology topology, Health& health,
                                   std::shared_ptr<Arena> arena, std::optional<LinkProfile> links)
    : HostCommunicator(std::move(transport), topology, health, std::move(arena), std::move(links),
                       Recording(topology.world_size())) {}

HostCommunicator::HostCommunicator(std::unique_ptr<Transport> transport, Topology topology, Health& health,
                                   std::shared_ptr<Arena> arena, std::optional<LinkProfile> links, Recording recording,
                                   Patience patience)
    : patience_(patience),
      recording_(std::move(recording)),
      recorder_(recording_.recorder()),
      topology_(std::move(topology)),
      transport_(std::move(transport)),
      health_(health),
      uncaught_at_start_(std::uncaught_exceptions()),
      links_(links),
      host_order_(topology_),
      algorithms_(choose_algorithms(topology_, links_)),
      group_(*transport_, topology_, health, std::move(arena)),
      in_slices_{group_, *transport_, topology_, algorithms_, scratch_},
      point_to_point_(*transport_, topology_, patience.timeout),
      all_ranks_(topology_.world_size()),
      next_sequence_(recorder_.num_started()),
      progress_(patience.timeout) {
  std::iota(all_ranks_.begin(), all_ranks_.end(), 0);
  group_.record_in(recorder_);
}

/// An exception must reach whoever reports it, although calls that it left under way may wait for a rank much longer.
HostCommunicator::~HostCommunicator() {
  const bool unwinding = std::uncaught_exceptions() > uncaught_at_start_;
  if (!unwinding || progress_.finish(Deadline::after(kTimeToSayWhy))) return;
  health_.report(std::make_exception_ptr(
      TimeoutError("an exception ended the use of a communicator whose asynchronous calls had not completed",
                   "the exception itself is reported next; look at what the other ranks are doing")));
}

/// Runs `action` as this communicator's next, alone; what it throws is the communicator's failure, which sticks.
template <class Action>
void HostCommunicator::exclusively(Action action, Clock::time_point asked) {
  std::lock_guard lock(execution_);
  asked_ = asked;
  if (failure_) std::rethrow_exception(failure_);
  health_.check();
  try {
    action();
  } catch (...) {
    failure_ = explained(std::current_exception(), recording_.name());
    std::rethrow_exception(failure_);
  }
}

/// A TimeoutError of this rank's own unfinished call of `communicator` names those who are missing on all hosts.
std::exception_ptr HostCommunicator::explained(std::exception_ptr failure, const std::string& communicator) const {
  if (patience_.attendance == nullptr || health_.failed()) return failure;
  try {
    std::rethrow_exception(failure);
  } catch (const TimeoutError&) {
    const std::string text = patience_.attendance->explain_timeout(communicator);
    if (text.empty()) return failure;
    return std::make_exception_ptr(
        TimeoutError(text, "look at what the missing ranks are doing; raise the timeout if they are only slow"));
  } catch (...) {
    return failure;
  }
}

/// Runs `action` exclusively: in this thread, or behind the asynchronous calls that were asked for before.
template <class Action>
void HostCommunicator::in_order(std::string_view what, Action action, Deadline deadline) {
  if (progress_.busy()) return run_behind_others(what, action, deadline);
  exclusively(action);
}

void HostCommunicator::run_behind_others(std::string_view what, std::function<void()> action, Deadline deadline) {
  enum State : int { kQueued, kBegun, kGivenUp };
  const auto state = std::make_shared<std::atomic<int>>(kQueued);
  const TimeoutError late(concat("timed out in ", what, ": asynchronous calls asked for before have not completed"),
                          "look at what the other ranks are doing; raise the deadline if they are only slow");
  Work work = progress_.submit(std::string(what), [this, state, action = std::move(action), late, asked = Clock::now()] {
    exclusively(
        [&] {
          int queued = kQueued;
          if (!state->compare_exchange_strong(queued, kBegun)) throw late;  // the caller and its memory are gone
          action();
        },
        asked);
  });
  while (!work.done()) {
    try {
      work.wait(Deadline::after(std::max<Clock::duration>(deadline.remaining(), {}) + kTimeToSayWhy));
    } catch (const TimeoutError&) {
      if (work.done()) break;  // its own error, or that of a call before it, says more
      int queued = kQueued;
      if (state->compare_exchange_strong(queued, kGivenUp)) throw late;
      deadline = Deadline::after(timeout());  // it has begun, and ends by its own deadline
    }
  }
  work.wait(deadline);
}

Work HostCommunicator::start(const Request& request) {
  check_request(request, Backend::kHost, rank(), world_size());
  return progress_.submit(title_of(request), [this, copy = OwnedRequest(request), asked = Clock::now(),
                                              deadline = Deadline::after(timeout())] {
    exclusively([&] { execute_now(copy.borrowed(), deadline); }, asked);
  });
}

void HostCommunicator::run(const Request& request, Deadline deadline) {
  check_request(request, Backend::kHost, rank(), world_size());
  in_order(
      operation_name(request.operation), [&] { execute_now(request, deadline); }, deadline);
}

Work HostCommunicator::send_async(const Buffer& buffer, int to, std::string_view name) {
  health_.check();
  return point_to_point_.send(buffer, to, name);
}

Work HostCommunicator::recv_async(const Buffer& buffer, int from, std::string_view name) {
  health_.check();
  return point_to_point_.recv(buffer, from, name);
}

void HostCommunicator::execute_now(const Request& request, Deadline deadline) {
  Call call = call_of(request, world_size());
  call.sequence = next_sequence_++;
  const std::uint64_t number = recorder_.started(call, std::exchange(asked_, {}));
  dispatch(request, call, deadline);
  recorder_.finished(number);
}

void HostCommunicator::dispatch(const Request& request, const Call& call, Deadline deadline) {
  if (call.reduce_op == ReduceOp::kAdasum && reduces(call.operation)) {
    begin(call, deadline);
    return adasum_allreduce(request, rank(), world_size(), [&](const Request& part) { execute_now(part, deadline); });
  }
  if (topology_.num_hosts() > 1) return dispatch_across_hosts(request, call, deadline);
  switch (request.operation) {
    case Operation::kAllreduce:
    case Operation::kReduce:
      return node_reduce(group_, call, request.input, request.output, deadline);
    case Operation::kReduceScatter:
      return node_reduce_scatter(group_, call, request.input, request.output, deadline);
    case Operation::kAllgather:
    case Operation::kGather:
    case Operation::kScatter:
    case Operation::kBroadcast:
      return node_move(group_, call, request.input, request.output, deadline);
    case Operation::kAlltoall:
      return node_alltoall(group_, call, request.input, request.output, request.block_counts, request.recv_counts,
                           deadline);
    case Operation::kBarrier:
      return node_barrier(group_, call, deadline);
  }
}

SharedMemory HostCommunicator::allocate(std::size_t num_bytes, MemoryOf owner) {
  const Deadline deadline = Deadline::after(timeout());
  NodeAllocation allocation;
  in_order(
      "allocate", [&] { allocation = allocate_on_host(num_bytes, owner, deadline); }, deadline);
  std::int32_t all_have = allocation.problem.empty() ? 1 : 0;
  allreduce({&all_have, 1, DType::kInt32}, ReduceOp::kMin, "allocate");
  if (all_have != 0) return {allocation.memory, num_bytes};
  allocation.memory.reset();
  if (owner == MemoryOf::kRank) group_.arena()->forget(allocation.id);
  throw Error(allocation.problem.empty() ? "another rank has not enough memory for the arena" : allocation.problem);
}

/// A call of its own, so that ranks that ask for different sizes are told so.
NodeAllocation HostCommunicator::allocate_on_host(std::size_t num_bytes, MemoryOf owner, Deadline deadline) {
  Call call = allocation_call(num_bytes, owner);
  call.sequence = next_sequence_++;
  const std::uint64_t number = recorder_.started(call, std::exchange(asked_, {}));
  begin(call, deadline);
  NodeAllocation result = allocate_on_node(group_, num_bytes, owner, deadline);
  recorder_.finished(number);
  return result;
}

void HostCommunicator::begin(const Call& call, Deadline deadline) {
  if (topology_.num_hosts() > 1) return begin_across_hosts(call, {}, deadline);
  group_.begin(call, {}, deadline);
}

std::unique_ptr<Communicator> HostCommunicator::split(const std::vector<int>& ranks) {
  validate_split(ranks, rank(), world_size());
  const Deadline deadline = Deadline::after(timeout());
  std::unique_ptr<Communicator> result;
  const auto make = [&] {
    Recording recording = recording_.of_split(ranks);
    meet_for_split(ranks, recording, deadline);
    result = std::make_unique<HostCommunicator>(transport_->split(ranks), topology_.subset(ranks), health_,
                                                group_.arena(), links_, std::move(recording), patience_);
  };
  in_order("split", make, deadline);
  return result;
}

/// The first call of the new communicator, so that those who wait can say who is missing.
void HostCommunicator::meet_for_split(const std::vector<int>& ranks, const Recording& recording, Deadline deadline) {
  Call call;
  call.operation = Operation::kBarrier;
  call.name = "split";
  const std::uint64_t number = recording.recorder().started(call, {});
  try {
    meet(*transport_, ranks, deadline);
  } catch (const TimeoutError& error) {
    std::rethrow_exception(explained(
        std::make_exception_ptr(TimeoutError(concat("split of ranks ", rank_ranges(ranks), ": ", error.what()),
                                             "look at what that rank is doing; raise the timeout if it is only slow")),
        recording.name()));
  }
  recording.recorder().met();
  recording.recorder().finished(number);
}

}  // namespace skein
