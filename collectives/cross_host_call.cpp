#include "collectives/cross_host_call.h"

#include <array>

#include "collectives/node_operations.h"
#include "collectives/reduce_kernels.h"
#include "collectives/slices.h"

namespace skein {

ReduceOp travelling_op(ReduceOp op) {
  return op == ReduceOp::kAverage ? ReduceOp::kSum : op;
}

void scale_result(const Call& call, void* data, std::size_t count, int num_ranks) {
  const double factor = scales_of(call, num_ranks).post;
  if (factor == 1.0) return;
  reduce_buffers(std::array<void*, 1>{data}, std::array<const void*, 1>{data}, count, call.dtype, ReduceOp::kSum,
                 {1.0, factor});
}

CrossHostCall::CrossHostCall(const CrossHostTools& tools, const Request& request, const Call& call,
                             std::vector<HostBuffers::Extent> extents)
    : tools_(tools),
      request_(request),
      call_(call),
      element_(dtype_bytes(call.dtype)),
      buffers_(tools.group, tools.scratch, request, std::move(extents)) {}

void CrossHostCall::run(const ExecuteOptions& options, Deadline deadline) {
  buffers_.take(deadline);
  for (int slice = tools_.group.local_rank(); slice < tools_.topology.max_local_size();
       slice += tools_.group.local_size()) {
    drive(slice, [&](const Schedule& schedule, const Elements& elements) {
      execute(tools_.transport, schedule, slice_drivers(tools_.topology, slice), elements, options, deadline);
    });
  }
  buffers_.give_back(deadline);
}

Algorithm CrossHostCall::algorithm_for(std::size_t count) const {
  return tools_.algorithms.choose(call_.operation, count * dtype_bytes(call_.wire_dtype.value_or(call_.dtype)));
}

}  // namespace skein
