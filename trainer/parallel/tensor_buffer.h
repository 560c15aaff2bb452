#pragma once
// The one place where tensors become the plain buffers of collectives/, and collectives on tensors.

#include <torch/types.h>

#include <string_view>

#include "collectives/communicator.h"

namespace skein {

/// Element type of a tensor; bool counts as uint8. Throws UsageError for the others (complex, quantised).
DType dtype_of(const torch::Tensor& tensor);

/// The tensor's own memory, in memory order. Throws UsageError unless its elements fill a block of memory without gaps
/// or overlap (contiguous and channels_last tensors do): anything else would send the wrong elements.
Buffer as_buffer(const torch::Tensor& tensor);

/// Collectives on CPU tensors, in place and blocking. Ranks must agree in shape and strides, or get a MismatchError for
/// the number of elements.
void allreduce(Communicator& communicator, torch::Tensor& tensor, ReduceOp op = ReduceOp::kSum,
               std::string_view name = {});
void broadcast(Communicator& communicator, torch::Tensor& tensor, int root, std::string_view name = {});

/// A one-dimensional tensor over memory of the communicator's arena, zeroed. Collective.
torch::Tensor arena_tensor(Communicator& communicator, std::int64_t num_elements, torch::ScalarType dtype);

}  // namespace skein
