#pragma once
// Collectives between CPU ranks: shared memory on each host, MPI (or any Transport) between hosts.

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectives/agreement.h"
#include "collectives/attendance.h"
#include "collectives/call_history.h"
#include "collectives/choose.h"
#include "collectives/communicator.h"
#include "collectives/cross_host_call.h"
#include "collectives/execute.h"
#include "collectives/host_buffers.h"
#include "collectives/host_order.h"
#include "collectives/node_allocation.h"
#include "collectives/node_group.h"
#include "collectives/point_to_point.h"
#include "collectives/progress_thread.h"
#include "collectives/transport.h"
#include "runtime/process/health.h"

namespace skein {

/// How a communicator waits. `attendance`, if there is one, tells which ranks a call waits for, and must outlive it.
struct Patience {
  Clock::duration timeout = kDefaultTimeout;
  Attendance* attendance = nullptr;
};

/// The composition: node reduce -> slice schedules between hosts -> node publish. Made by make_communicator; directly
/// in tests, with ranks as threads. `health` must outlive it. Its calls are kept in `recording`.
class HostCommunicator final : public Communicator {
 public:
  /// `links` must be the same on all ranks.
  HostCommunicator(std::unique_ptr<Transport> transport, Topology topology, Health& health,
                   std::shared_ptr<Arena> arena = nullptr, std::optional<LinkProfile> links = {});
  HostCommunicator(std::unique_ptr<Transport> transport, Topology topology, Health& health,
                   std::shared_ptr<Arena> arena, std::optional<LinkProfile> links, Recording recording,
                   Patience patience = {});
  /// Finishes the asynchronous calls. While an exception unwinds it gives them 5 s, then fails the whole process's
  /// `health` to end them.
  ~HostCommunicator() override;

  int rank() const override { return transport_->rank(); }
  const Topology& topology() const override { return topology_; }
  Clock::duration timeout() const override { return patience_.timeout; }
  SharedMemory allocate(std::size_t num_bytes, MemoryOf owner = MemoryOf::kRank) override;
  Work start(const Request& request) override;
  void run(const Request& request, Deadline deadline) override;
  std::unique_ptr<Communicator> split(const std::vector<int>& ranks) override;
  Work send_async(const Buffer& buffer, int to, std::string_view name) override;
  Work recv_async(const Buffer& buffer, int from, std::string_view name) override;

  /// Which algorithms it uses between hosts.
  const AlgorithmTable& algorithms() const { return algorithms_; }
  /// The last calls, for the post-mortem; may outlive the communicator.
  std::shared_ptr<const FlightRecorder> flight_recorder() const { return recording_.shared_recorder(); }

 private:
  template <class Action>
  void in_order(std::string_view what, Action action, Deadline deadline);
  template <class Action>
  void exclusively(Action action, Clock::time_point asked = {});
  std::exception_ptr explained(std::exception_ptr failure, const std::string& communicator) const;
  void meet_for_split(const std::vector<int>& ranks, const Recording& recording, Deadline deadline);
  void run_behind_others(std::string_view what, std::function<void()> action, Deadline deadline);
  void execute_now(const Request& request, Deadline deadline);
  void dispatch(const Request& request, const Call& call, Deadline deadline);
  void begin(const Call& call, Deadline deadline);
  NodeAllocation allocate_on_host(std::size_t num_bytes, MemoryOf owner, Deadline deadline);

  // Between hosts (host_communicator_hosts.cpp).
  void dispatch_across_hosts(const Request& request, const Call& call, Deadline deadline);
  void begin_across_hosts(const Call& call, const NodeGroup::Places& places, Deadline deadline);
  void exchange(const Schedule& schedule, std::span<const int> peers, const Elements& elements, const Call& call,
                Deadline deadline);
  template <class Action>
  void within(const Call& call, Action action);
  void agree(const Call& call, const SmallPayload& payload, Deadline deadline);
  void reduce_small_across_hosts(const Request& request, const Call& call, Deadline deadline);
  [[noreturn]] void throw_mismatch(const Call& call, Deadline deadline);
  std::string gather_lines(const std::string& mine, const Call& call, Deadline deadline);
  template <class CrossHost>
  void run_in_slices(const Request& request, const Call& call, Deadline deadline);
  void alltoall_across_hosts(const Request& request, const Call& call, Deadline deadline);
  void check_pairs_across_hosts(const Request& request, const Call& call, Deadline deadline);
  bool all_agree(std::uint64_t value, const Call& call, Deadline deadline);

  const Patience patience_;
  const Recording recording_;
  FlightRecorder& recorder_;
  Topology topology_;
  std::unique_ptr<Transport> transport_;
  Health& health_;
  const int uncaught_at_start_;
  std::optional<LinkProfile> links_;
  HostOrder host_order_;
  AlgorithmTable algorithms_;
  NodeGroup group_;
  CallScratch scratch_;
  CrossHostTools in_slices_;
  PointToPoint point_to_point_;
  std::vector<int> all_ranks_;
  std::mutex execution_;  // one call at a time; guards what follows
  std::uint64_t next_sequence_;
  Clock::time_point asked_{};  // when the call under way was asked for, unless it was just now
  std::exception_ptr failure_;  // the first of this communicator
  ProgressThread progress_;     // last: its tasks use everything above
};

}  // namespace skein
