#pragma once
// allreduce and reduce of more than a few bytes between hosts.

#include "collectives/cross_host_call.h"

namespace skein {

/// A slice is a part of the buffer. A piece is reduced over the ranks of the host on its way in; what has arrived for
/// good is scaled once and written to all ranks of the host that get the result.
class CrossHostReduce final : public CrossHostCall {
 public:
  CrossHostReduce(const CrossHostTools& tools, const Request& request, const Call& call);

 private:
  class Slice;

  void drive(int slice, const Travel& travel) override;
};

}  // namespace skein
