#pragma once
// The buffers of one call between hosts, of all ranks of a host.

#include <cstddef>
#include <memory>
#include <vector>

#include "collectives/node_group.h"
#include "collectives/peer_memory.h"
#include "collectives/request.h"
#include "collectives/schedule.h"

namespace skein {

/// Memory that a communicator's calls between hosts work in; grows, and stays.
class CallScratch {
 public:
  /// At least `num_bytes` of this rank that all ranks of its host see. Collective over the host, with the same number.
  /// Throws Error when memory is short.
  std::byte* shared(NodeGroup& group, std::size_t num_bytes, Deadline deadline);
  /// At least `num_bytes` that only this rank sees; what it gave before means nothing any more.
  std::byte* own(std::size_t num_bytes);

 private:
  std::shared_ptr<std::byte> shared_;
  std::size_t num_shared_bytes_ = 0;
  std::unique_ptr<std::byte[]> own_;
  std::size_t num_own_bytes_ = 0;
};

/// Ranks get at each other's buffers directly, or by way of the scratch, where every call works in place. Not
/// thread-safe; all arguments must outlive it.
class HostBuffers {
 public:
  /// Where a rank's buffers lie in the scratch, in bytes; empty where the call has no use for one.
  struct Extent {
    Range input;
    Range output;
  };

  /// `extents` by local rank.
  HostBuffers(NodeGroup& group, CallScratch& scratch, const Request& request, std::vector<Extent> extents)
      : group_(group), scratch_(scratch), request_(request), extents_(std::move(extents)) {}

  /// Where this rank's buffers lie, to be said when the call begins.
  NodeGroup::Places places() const;
  /// Once the call has begun, and before the next sync point. May block until the others come.
  void take(Deadline deadline);
  /// Waits until no rank of the host needs the buffers any more, and completes this rank's.
  void give_back(Deadline deadline);

  // From take() on, by local rank.
  const std::vector<PeerBuffer>& inputs() const { return inputs_; }
  const std::vector<PeerBuffer>& outputs() const { return outputs_; }
  bool has_output(int local) const { return extents_[local].output.count != 0; }
  /// This rank's; null where it has none.
  std::byte* own_output() const { return outputs_[group_.local_rank()].here(); }

 private:
  const Extent& own_extent() const { return extents_[group_.local_rank()]; }
  bool all_located() const;
  void take_in_place();
  void take_scratch(Deadline deadline);

  NodeGroup& group_;
  CallScratch& scratch_;
  const Request& request_;
  std::vector<Extent> extents_;
  std::vector<PeerBuffer> inputs_;
  std::vector<PeerBuffer> outputs_;
  bool in_scratch_ = false;
};

}  // namespace skein
