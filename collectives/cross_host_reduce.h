#pragma once
// allreduce and reduce of more than a few bytes between hosts.

#include <cstddef>
#include <memory>
#include <vector>

#include "collectives/execute.h"
#include "collectives/node_group.h"
#include "collectives/peer_memory.h"
#include "collectives/request.h"
#include "runtime/process/topology.h"

namespace skein {

/// Shared memory of a host's ranks for buffers that they cannot reach in each other; grows, and stays.
class SharedScratch {
 public:
  /// This rank's at least `num_bytes`. Collective over the host, with the same number. Throws Error when memory is short.
  std::byte* of_bytes(NodeGroup& group, std::size_t num_bytes, Deadline deadline);

 private:
  std::shared_ptr<std::byte> memory_;
  std::size_t num_bytes_ = 0;
};

/// kAverage travels as a sum; the result is scaled once.
ReduceOp travelling_op(ReduceOp op);
/// Multiplies by the factor that belongs to the result.
void scale_result(const Call& call, void* data, std::size_t count, int num_ranks);

/// Rank that drives a slice on each host, by host. There are as many slices as the largest host has ranks; a smaller
/// host drives several with the same rank.
std::vector<int> slice_drivers(const Topology& topology, int slice);

/// One such call under way on this rank. Every rank drives the schedule of its own slice of the whole buffer. On the
/// way out a piece is reduced over the ranks of the host just before it is needed; what has arrived for good is
/// scaled once and written to all of them while the rest travels. They get at each other's buffers directly, or by
/// way of the scratch.
class CrossHostReduce {
 public:
  CrossHostReduce(NodeGroup& group, Transport& transport, const Topology& topology, SharedScratch& scratch,
                  const Request& request, const Call& call);

  /// Where this rank's buffers lie, to be said when the call begins.
  NodeGroup::Places places() const;
  /// After it has begun. Blocks; throws what the transport throws.
  void run(const ExecuteOptions& options, Deadline deadline);

 private:
  class Slice;

  bool is_allreduce() const { return call_.operation == Operation::kAllreduce; }
  bool has_result(int local) const { return is_allreduce() || group_.rank_of(local) == call_.root; }
  bool all_located() const;
  void take_buffers_of_all();
  void take_scratch_of_all(Deadline deadline);
  void drive_slices(const ExecuteOptions& options, Deadline deadline);

  NodeGroup& group_;
  Transport& transport_;
  const Topology& topology_;
  SharedScratch& scratch_;
  const Request& request_;
  const Call& call_;
  std::size_t element_;
  std::byte* own_output_ = nullptr;   // where this rank's result is made, where it gets one
  std::vector<PeerBuffer> inputs_;    // of the host's ranks
  std::vector<PeerBuffer> outputs_;   // of the other ranks that get the result
};

}  // namespace skein
