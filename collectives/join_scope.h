#pragma once
// Uneven data: ranks that have run out of it take part in the others' calls until all have run out.

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "collectives/communicator.h"
#include "collectives/progress_thread.h"

namespace skein {

/// A communicator around another one, on CPU memory. A rank that has data uses it as any other, blocking or not; one
/// that has none left calls join(), which returns when all have. Each call begins with one small allreduce, in which
/// all ranks say what they are about to do or that they have joined. The active ranks then make it among themselves, as
/// if they were alone: averages are theirs, every reduction is bit by bit the one of a job without the others, and
/// nothing moves from or to a rank that has joined. What has a place for one that has joined gets zeros there
/// (allgather, gather, alltoall), or is dropped (scatter, alltoall, reduce_scatter). A root that has joined is refused
/// by name, with a UsageError on every active rank that leaves the scope as it was.
///
///   JoinScope scope(communicator);
///   DataParallel parallel(*model, scope);
///   for (int epoch = 0; epoch < num_epochs; ++epoch) {
///     for (auto& batch : batches_of(rank)) train(batch);
///     scope.join();  // returns a rank that has seen all updates, to broadcast the parameters from
///   }
///
/// All ranks must make the same calls in the same order up to their join(); a difference is a MismatchError that names
/// every rank. join() opens the scope again for everyone. Any thread may use it, as it may a communicator. The first
/// failure sticks. Beside it, all ranks may use the communicator itself, at the same points of the scope's order.
class JoinScope final : public Communicator {
 public:
  /// `communicator` must outlive it, and is used by the scope's own thread too. Not collective.
  explicit JoinScope(Communicator& communicator);
  /// Joins, unless the scope has failed. What goes wrong is logged, and sticks to `communicator`. While an exception
  /// unwinds it tells the others instead, within 5 s: their next call in the scope throws PeerLost that names this
  /// rank.
  ~JoinScope() override;
  JoinScope(const JoinScope&) = delete;
  JoinScope& operator=(const JoinScope&) = delete;

  /// Says that this rank has no more calls to make; blocks until no rank has, for at most `patience` between two calls
  /// of the others. Collective. Returns the rank that joined last, the highest of several: the same on all ranks.
  int join(Clock::duration patience);
  int join() { return join(timeout()); }

  /// How many ranks took part in the last call that has begun; the same on all of them once it has completed. Training
  /// that must stop as soon as one rank runs out leaves its loop when this falls below world_size().
  int num_active() const override { return num_active_; }

  int rank() const override { return communicator_.rank(); }
  const Topology& topology() const override { return communicator_.topology(); }
  Clock::duration timeout() const override { return communicator_.timeout(); }
  /// Refused with a UsageError once a rank has joined: it would have no part of the memory.
  SharedMemory allocate(std::size_t num_bytes, MemoryOf owner = MemoryOf::kRank) override;
  Work start(const Request& request) override;
  void run(const Request& request, Deadline deadline) override;
  /// Throws UsageError: a rank inside join() cannot take part in calls of two communicators. Split before.
  std::unique_ptr<Communicator> split(const std::vector<int>& ranks) override;
  /// The communicator's own, without regard to who has joined.
  Work send_async(const Buffer& buffer, int to, std::string_view name) override;
  Work recv_async(const Buffer& buffer, int from, std::string_view name) override;

 private:
  enum class Presence : std::uint8_t { kJoined, kActive, kLeft };
  template <class Action>
  void exclusively(Action action);
  void execute(const Request& request, Deadline deadline);
  void agree(Presence mine, const Call& call, Deadline deadline);
  std::vector<std::uint8_t> exchange(Presence mine, const Call& call, Deadline deadline);
  [[noreturn]] void throw_mismatch(const std::string& mine);
  bool all_active() const { return static_cast<int>(active_.size()) == world_size(); }
  std::string joined_ranks() const;
  void refuse_root_that_joined(const Request& request) const;
  void run_among_active(const Request& request, Deadline deadline);
  void drop_group_of_others();
  Communicator& group_of_active();
  void wait_for_asynchronous(std::string_view what, Deadline deadline);
  void leave();
  void check_failure() const;
  bool has_failed() const;
  void fail(std::exception_ptr failure);

  Communicator& communicator_;
  const int uncaught_at_start_;
  std::atomic<int> num_active_;
  mutable std::mutex failing_;  // guards the failure
  std::exception_ptr failure_;  // the first of this scope
  std::mutex execution_;        // one call at a time; guards what follows
  std::uint64_t num_calls_ = 0;
  std::vector<int> active_;       // ranks at the last agreement, ascending
  std::vector<int> last_active_;  // at the last one that had any
  std::vector<int> members_;      // for whom the group below is, once there is one
  std::unique_ptr<Communicator> group_;
  std::mutex submitting_;  // guards the last asynchronous call
  Work last_asynchronous_;
  ProgressThread progress_;  // last: its tasks use everything above
};

}  // namespace skein
