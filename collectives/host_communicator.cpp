#include "collectives/host_communicator.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <numeric>
#include <set>

#include "collectives/capabilities.h"
#include "collectives/node_operations.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

bool overlap(const Buffer& a, const Buffer& b) {
  const auto* a_begin = static_cast<const std::byte*>(a.data);
  const auto* b_begin = static_cast<const std::byte*>(b.data);
  const std::less<> before;
  return before(a_begin, b_begin + b.num_bytes()) && before(b_begin, a_begin + a.num_bytes());
}

/// The text is put together only when it is needed: this is on the path of every call.
template <class... Parts>
void require(bool condition, const Request& request, const Parts&... what) {
  if (!condition) throw UsageError(concat(operation_name(request.operation), ": ", what...));
}

/// The blocks of `whole` must be `part`s, and the only overlap allowed is in place.
void validate_blocks(const Request& request, const Buffer& whole, const Buffer& part, int world_size, int rank) {
  require(whole.dtype == part.dtype, request, "input and output differ in dtype");
  require(whole.count == part.count * world_size, request, "the larger buffer must hold ", world_size, " x ",
          part.count, " elements, it holds ", whole.count);
  const auto* own_block = static_cast<const std::byte*>(whole.data) + rank * part.num_bytes();
  require(!overlap(whole, part) || part.data == own_block, request,
          "input and output overlap other than in place at this rank's own block");
}

void validate_memory(const Request& request, const Buffer& buffer) {
  require(buffer.device.kind == Device::Kind::kCpu, request, "the host communicator works on CPU memory only");
  require(buffer.data != nullptr || buffer.count == 0, request, "the buffer of ", buffer.count, " elements is null");
  require(reinterpret_cast<std::uintptr_t>(buffer.data) % dtype_bytes(buffer.dtype) == 0, request,
          "the buffer is not aligned to its element type, ", dtype_name(buffer.dtype));
}

void validate_split(const std::vector<int>& ranks, int rank, int world_size) {
  const std::set<int> members(ranks.begin(), ranks.end());
  if (members.size() != ranks.size()) throw UsageError("split: a rank is given twice");
  if (members.count(rank) == 0) throw UsageError(concat("split: the calling rank ", rank, " is not among the ranks"));
  if (*members.begin() < 0 || *members.rbegin() >= world_size)
    throw UsageError(concat("split: the ranks go from 0 to ", world_size - 1));
}

/// What the first rank of a host tells the others of an allocation.
struct Offer {
  RegionHandle handle;
  std::uint32_t id = 0;  // none when there is no memory
};

Offer offer_of_first(NodeGroup& group, Offer offer, Deadline deadline) {
  const std::string mine(reinterpret_cast<const char*>(&offer), sizeof offer);
  std::memcpy(&offer, group.exchange(mine, deadline)[0].data(), sizeof offer);
  return offer;
}

/// What the exception that `action` throws says; empty when it throws none.
template <class Action>
std::string problem_of(Action action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace

HostCommunicator::HostCommunicator(std::unique_ptr<Transport> transport, Topology topology, Health& health,
                                   std::shared_ptr<Arena> arena)
    : topology_(std::move(topology)),
      transport_(std::move(transport)),
      health_(health),
      group_(*transport_, topology_, health, std::move(arena)),
      all_ranks_(topology_.world_size()) {
  std::iota(all_ranks_.begin(), all_ranks_.end(), 0);
}

HostCommunicator::~HostCommunicator() = default;

void HostCommunicator::validate(const Request& request) const {
  validate_memory(request, request.input);
  validate_memory(request, request.output);
  const std::string why = why_unsupported(Backend::kHost, request.operation, request.output.dtype, request.reduce_op);
  require(why.empty(), request, why);
  require(request.root >= 0 && request.root < world_size(), request, "root ", request.root,
          " is not a rank of this communicator of ", world_size());
  if (request.operation == Operation::kReduceScatter)
    validate_blocks(request, request.input, request.output, world_size(), rank());
  if (request.operation == Operation::kAllgather)
    validate_blocks(request, request.output, request.input, world_size(), rank());
}

Call HostCommunicator::announce(const Request& request) {
  Call call;
  call.sequence = next_sequence_++;
  call.operation = request.operation;
  call.dtype = request.output.dtype;
  call.reduce_op = request.reduce_op;
  call.root = request.root;
  call.count = request.operation == Operation::kAllgather ? request.input.count : request.output.count;
  call.name = request.name;
  return call;
}

/// Runs `action` as this communicator's next, alone; what it throws is the communicator's failure, which sticks.
template <class Action>
void HostCommunicator::exclusively(Action action) {
  std::lock_guard lock(execution_);
  if (failure_) std::rethrow_exception(failure_);
  health_.check();
  try {
    action();
  } catch (...) {
    failure_ = std::current_exception();
    throw;
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
  Work work = progress_.submit(std::string(what), [this, state, action = std::move(action), late] {
    exclusively([&] {
      int queued = kQueued;
      if (!state->compare_exchange_strong(queued, kBegun)) throw late;  // the caller and its memory are gone
      action();
    });
  });
  while (!work.done()) {
    try {
      work.wait(Deadline::after(std::max<Clock::duration>(deadline.remaining(), {}) + kTimeToSayWhy));
    } catch (const TimeoutError&) {
      if (work.done()) break;  // its own error, or that of a call before it, says more
      int queued = kQueued;
      if (state->compare_exchange_strong(queued, kGivenUp)) throw late;
      deadline = Deadline::after(kDefaultTimeout);  // it has begun, and ends by its own deadline
    }
  }
  work.wait(deadline);
}

Work HostCommunicator::start(const Request& request) {
  validate(request);
  std::string what(operation_name(request.operation));
  if (!request.name.empty()) what += concat(" '", request.name, "'");
  return progress_.submit(std::move(what), [this, copy = request, name = std::string(request.name),
                                            deadline = Deadline::after(kDefaultTimeout)]() mutable {
    copy.name = name;
    exclusively([&] { execute_now(copy, deadline); });
  });
}

void HostCommunicator::run(const Request& request, Deadline deadline) {
  validate(request);
  in_order(
      operation_name(request.operation), [&] { execute_now(request, deadline); }, deadline);
}

void HostCommunicator::execute_now(const Request& request, Deadline deadline) {
  const Call call = announce(request);
  recorder_->started(call);
  dispatch(request, call, deadline);
  recorder_->finished();
}

void HostCommunicator::dispatch(const Request& request, const Call& call, Deadline deadline) {
  if (topology_.num_hosts() > 1) return dispatch_across_hosts(request, call, deadline);
  switch (request.operation) {
    case Operation::kAllreduce:
      return node_allreduce(group_, call, request.output, deadline);
    case Operation::kReduceScatter:
      return node_reduce_scatter(group_, call, request.input, request.output, deadline);
    case Operation::kAllgather:
      return node_allgather(group_, call, request.input, request.output, deadline);
    case Operation::kBroadcast:
      return node_broadcast(group_, call, request.output, request.root, deadline);
    case Operation::kBarrier:
      return node_barrier(group_, call, deadline);
  }
}

/// One allocation as this rank sees it.
struct HostCommunicator::Allocation {
  std::uint32_t id = 0;
  std::shared_ptr<std::byte> memory;
  std::string problem;  // why there is no memory
};

SharedMemory HostCommunicator::allocate(std::size_t num_bytes) {
  const Deadline deadline = Deadline::after(kDefaultTimeout);
  Allocation allocation;
  in_order(
      "allocate", [&] { allocation = allocate_on_host(num_bytes, deadline); }, deadline);
  std::int32_t all_have = allocation.problem.empty() ? 1 : 0;
  allreduce({&all_have, 1, DType::kInt32}, ReduceOp::kMin, "allocate");
  if (all_have != 0) return {allocation.memory, num_bytes};
  allocation.memory.reset();
  group_.arena()->forget(allocation.id);
  throw Error(allocation.problem.empty() ? "another rank has not enough memory for the arena" : allocation.problem);
}

/// The first rank of the host makes the region, the others open it. A call of its own, so that ranks that ask for
/// different sizes are told so.
HostCommunicator::Allocation HostCommunicator::allocate_on_host(std::size_t num_bytes, Deadline deadline) {
  Call call;
  call.sequence = next_sequence_++;
  call.operation = Operation::kAllgather;
  call.count = num_bytes;
  call.name = "arena allocation";
  recorder_->started(call);
  begin(call, deadline);
  const Arena& arena = *group_.arena();
  Allocation result;
  Offer offer;
  std::shared_ptr<SharedRegion> region;
  if (group_.local_rank() == 0) {
    result.problem = problem_of([&] {
      region = arena.make_region(num_bytes);
      offer = {handle_of(region), group_.arena()->next_allocation_id()};
    });
  }
  offer = offer_of_first(group_, offer, deadline);
  result.id = offer.id;
  if (offer.id != 0) {
    result.problem = problem_of([&] {
      if (!region) region = open_region(offer.handle, arena.region_bytes(num_bytes));
      result.memory = group_.add_allocation(offer.id, region, num_bytes);
    });
  } else if (result.problem.empty()) {
    result.problem = "the first rank of this host could not create shared memory";
  }
  group_.sync(deadline);  // the leader's region stays until all have opened it, and all slots are committed
  recorder_->finished();
  return result;
}

void HostCommunicator::begin(const Call& call, Deadline deadline) {
  if (topology_.num_hosts() > 1) return begin_across_hosts(call, {}, deadline);
  group_.begin(call, {}, deadline);
}

std::unique_ptr<Communicator> HostCommunicator::split(const std::vector<int>& ranks) {
  validate_split(ranks, rank(), world_size());
  std::unique_ptr<Communicator> result;
  const auto make = [&] {
    result =
        std::make_unique<HostCommunicator>(transport_->split(ranks), topology_.subset(ranks), health_, group_.arena());
  };
  in_order("split", make, Deadline::after(kDefaultTimeout));
  return result;
}

}  // namespace skein
