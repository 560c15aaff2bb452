#include "collectives/join_scope.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "collectives/active_request.h"
#include "collectives/objects.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// What an agreement is, for errors and for a rank that asks for something else beside the scope.
constexpr std::string_view kAgreement = "JoinScope: who is active";

/// Maxima over all ranks of these two belong together only when the ranks that give any digest give the same one.
struct Digests {
  std::uint64_t digest = 0;
  std::uint64_t complement = 0;
};
constexpr std::size_t kStatesBegin = sizeof(Digests);  // of an agreement, a byte for each rank

/// The largest under a comparison byte by byte, which is what the allreduce does.
bool all_equal(const std::vector<std::uint8_t>& agreement) {
  for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i)
    if (agreement[i] != static_cast<std::uint8_t>(~agreement[sizeof(std::uint64_t) + i])) return false;
  return true;
}

std::string list_of(std::span<const int> ranks) {
  std::string text;
  for (const int rank : ranks) text += concat(text.empty() ? "" : ", ", rank);
  return text;
}

/// Runs `action`; an error of one of these kinds comes out as the same kind, with `note` behind it.
template <class Kind, class... Kinds, class Action>
void annotated(const std::string& note, Action action) {
  try {
    if constexpr (sizeof...(Kinds) == 0)
      action();
    else
      annotated<Kinds...>(note, action);
  } catch (const Kind& error) {
    throw Kind(error.what() + note);
  }
}

}  // namespace

JoinScope::JoinScope(Communicator& communicator)
    : communicator_(communicator),
      uncaught_at_start_(std::uncaught_exceptions()),
      num_active_(communicator.world_size()),
      active_(communicator.world_size()) {
  std::iota(active_.begin(), active_.end(), 0);
}

JoinScope::~JoinScope() {
  const bool unwinding = std::uncaught_exceptions() > uncaught_at_start_;
  try {
    if (has_failed()) return;
    if (unwinding)
      leave();
    else
      join();
  } catch (const std::exception& error) {
    log_error(concat("at the end of a JoinScope: ", error.what()));
  }
}

/// Runs `action` as the scope's next, alone. What the active ranks refuse alike is a UsageError and no failure: nothing
/// has moved.
template <class Action>
void JoinScope::exclusively(Action action) {
  std::lock_guard lock(execution_);
  check_failure();
  try {
    action();
  } catch (const UsageError&) {
    throw;
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
}

void JoinScope::check_failure() const {
  std::lock_guard lock(failing_);
  if (failure_) std::rethrow_exception(failure_);
}

bool JoinScope::has_failed() const {
  std::lock_guard lock(failing_);
  return failure_ != nullptr;
}

void JoinScope::fail(std::exception_ptr failure) {
  std::lock_guard lock(failing_);
  if (!failure_) failure_ = std::move(failure);
}

/// Blocking calls come after the asynchronous ones asked for before. What went wrong with those is theirs to tell.
void JoinScope::wait_for_asynchronous(std::string_view what, Deadline deadline) {
  Work earlier;
  {
    std::lock_guard lock(submitting_);
    earlier = last_asynchronous_;
  }
  if (!earlier.valid()) return;
  try {
    earlier.wait(deadline);
  } catch (const std::exception&) {
    if (earlier.done()) return;
    const TimeoutError late(concat("timed out in ", what, ": asynchronous calls asked for before have not completed"),
                            "look at what the other ranks are doing; raise the deadline if they are only slow");
    fail(std::make_exception_ptr(late));
    throw late;
  }
}

void JoinScope::run(const Request& request, Deadline deadline) {
  check_request(request, Backend::kHost, rank(), world_size());
  wait_for_asynchronous(operation_name(request.operation), deadline);
  exclusively([&] { execute(request, deadline); });
}

Work JoinScope::start(const Request& request) {
  check_request(request, Backend::kHost, rank(), world_size());
  std::lock_guard lock(submitting_);
  last_asynchronous_ = progress_.submit(
      title_of(request), [this, copy = OwnedRequest(request), deadline = Deadline::after(timeout())] {
        exclusively([&] { execute(copy.borrowed(), deadline); });
      });
  return last_asynchronous_;
}

void JoinScope::execute(const Request& request, Deadline deadline) {
  Call call = call_of(request, world_size());
  call.sequence = num_calls_;
  agree(Presence::kActive, call, deadline);
  if (request.operation == Operation::kBarrier) return;  // the agreement is one
  if (all_active()) return communicator_.run(request, deadline);
  refuse_root_that_joined(request);
  run_among_active(request, deadline);
}

/// One agreement. Throws on all ranks alike when a rank has left or those that are active differ.
void JoinScope::agree(Presence mine, const Call& call, Deadline deadline) {
  const std::string own = mine == Presence::kActive ? call.describe() : "has joined";
  std::vector<std::uint8_t> agreement;
  annotated<TimeoutError>(mine == Presence::kActive ? concat("\n  before ", own) : " (this rank has joined)",
                          [&] { agreement = exchange(mine, call, deadline); });
  ++num_calls_;
  std::vector<int> left;
  active_.clear();
  for (int other = 0; other < world_size(); ++other) {
    const auto presence = static_cast<Presence>(agreement[kStatesBegin + other]);
    if (presence == Presence::kActive) active_.push_back(other);
    if (presence == Presence::kLeft) left.push_back(other);
  }
  num_active_ = static_cast<int>(active_.size());
  if (!left.empty())
    throw PeerLost(concat(topology().describe(left[0]), " left the JoinScope by an exception before ", own),
                   "its own error says why");
  if (active_.empty()) return;
  last_active_ = active_;
  drop_group_of_others();
  if (!all_equal(agreement)) throw_mismatch(own);
}

std::vector<std::uint8_t> JoinScope::exchange(Presence mine, const Call& call, Deadline deadline) {
  std::vector<std::uint8_t> agreement(kStatesBegin + world_size(), 0);
  agreement[kStatesBegin + rank()] = static_cast<std::uint8_t>(mine);
  if (mine == Presence::kActive) {
    const Digests digests{call.digest(), ~call.digest()};
    std::memcpy(agreement.data(), &digests, sizeof digests);
  }
  const Buffer buffer{agreement.data(), agreement.size(), DType::kUInt8};
  communicator_.run({.operation = Operation::kAllreduce,
                     .input = buffer,
                     .output = buffer,
                     .reduce_op = ReduceOp::kMax,
                     .name = kAgreement},
                    deadline);
  return agreement;
}

void JoinScope::throw_mismatch(const std::string& mine) {
  const std::vector<std::string> all = allgather_objects(communicator_, mine);
  std::string lines;
  for (int other = 0; other < world_size(); ++other)
    lines += concat("\n  ", topology().describe(other), ": ", all[other]);
  throw MismatchError("the ranks disagree about what to do next:" + lines,
                      "make every rank run the same program with the same options and the same model");
}

std::string JoinScope::joined_ranks() const {
  std::vector<int> joined;
  for (int other = 0; other < world_size(); ++other)
    if (!std::binary_search(active_.begin(), active_.end(), other)) joined.push_back(other);
  return concat(joined.size() == 1 ? "rank " : "ranks ", list_of(joined), joined.size() == 1 ? " has" : " have",
                " joined");
}

void JoinScope::refuse_root_that_joined(const Request& request) const {
  if (!has_root(request.operation) || std::binary_search(active_.begin(), active_.end(), request.root)) return;
  throw UsageError(concat(operation_name(request.operation), ": root ", request.root, " takes no part, since ",
                          joined_ranks(), " the JoinScope"),
                   "choose a root that still has data, or make the call after join()");
}

void JoinScope::run_among_active(const Request& request, Deadline deadline) {
  ActiveRequest part(request, rank(), world_size(), active_);
  const std::string note = concat("\n  Ranks are counted among those still active, which are ", list_of(active_), "; ",
                                  joined_ranks(), " the JoinScope.");
  annotated<MismatchError, TimeoutError, PeerLost>(note, [&] { group_of_active().run(part.request(), deadline); });
  part.finish();
}

/// Every rank sees every agreement, so all of them agree on whether the group that there is still serves; it does in the
/// next epoch, if the same ranks run out first.
void JoinScope::drop_group_of_others() {
  if (all_active() || members_ == active_) return;
  group_.reset();
  members_ = active_;
}

Communicator& JoinScope::group_of_active() {
  if (!group_) group_ = communicator_.split(active_);
  return *group_;
}

int JoinScope::join(Clock::duration patience) {
  wait_for_asynchronous("join", Deadline::after(patience));
  int last = world_size() - 1;
  exclusively([&] {
    do agree(Presence::kJoined, {}, Deadline::after(patience));
    while (!active_.empty());
    if (!last_active_.empty()) last = last_active_.back();
    last_active_.clear();
    num_active_ = world_size();
    active_.resize(world_size());
    std::iota(active_.begin(), active_.end(), 0);
  });
  return last;
}

/// Briefly: this rank is on its way to report an error.
void JoinScope::leave() {
  const Deadline deadline = Deadline::after(kTimeToSayWhy);
  wait_for_asynchronous("leaving", deadline);
  exclusively([&] { exchange(Presence::kLeft, {}, deadline); });
}

SharedMemory JoinScope::allocate(std::size_t num_bytes, MemoryOf owner) {
  const Deadline deadline = Deadline::after(timeout());
  SharedMemory memory;
  wait_for_asynchronous("allocate", deadline);
  exclusively([&] {
    Call call = allocation_call(num_bytes, owner);
    call.sequence = num_calls_;
    agree(Presence::kActive, call, deadline);
    if (!all_active())
      throw UsageError(concat("allocate: ", joined_ranks(), " the JoinScope, and would have no part of the memory"),
                       "allocate before the first rank runs out of data");
    memory = communicator_.allocate(num_bytes, owner);
  });
  return memory;
}

std::unique_ptr<Communicator> JoinScope::split(const std::vector<int>&) {
  throw UsageError("split: a rank that has joined cannot take part in the calls of a split as well",
                   "split the communicator itself, and give each part a JoinScope of its own");
}

Work JoinScope::send_async(const Buffer& buffer, int to, std::string_view name) {
  return communicator_.send_async(buffer, to, name);
}

Work JoinScope::recv_async(const Buffer& buffer, int from, std::string_view name) {
  return communicator_.recv_async(buffer, from, name);
}

}  // namespace skein
