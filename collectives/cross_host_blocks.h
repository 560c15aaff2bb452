#pragma once
// reduce_scatter and allgather between hosts.

#include "collectives/cross_host_call.h"

namespace skein {

/// Each slice lies in memory of its driver's own, host by host, because a host's blocks need not lie side by side in
/// the buffers. reduce_scatter: a piece is reduced over the ranks of the host on its way in, and what is complete goes
/// to the one rank that owns it. allgather: a piece of the host's own part comes from the rank that gives it, and
/// everything goes to every rank of the host.
class CrossHostBlocks final : public CrossHostCall {
 public:
  CrossHostBlocks(const CrossHostTools& tools, const Request& request, const Call& call);

 private:
  class Slice;

  void drive(int slice, const Travel& travel) override;
  bool is_allgather() const { return call_.operation == Operation::kAllgather; }

  std::vector<std::size_t> counts_;  // of blocks, by rank
  std::vector<Range> blocks_;        // in the buffer that holds all of them
};

}  // namespace skein
