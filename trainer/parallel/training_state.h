#pragma once
// A module and its optimizer as the tensors of a checkpoint, and back: what a loop of one's own saves and goes on from.

#include <torch/nn/module.h>

#include <map>
#include <string>

#include "trainer/parallel/distributed_optimizer.h"

namespace skein {

using TensorMap = std::map<std::string, torch::Tensor>;

/// Copies, on rank 0; nothing elsewhere: "model.NAME" for each parameter and buffer, "optimizer.NAME" for the optimizer's state. Buffers
/// are rank 0's: after DataParallel::synchronize_buffers() they are everyone's. Collective.
TensorMap training_state(const torch::nn::Module& module, DistributedOptimizer& optimizer);

/// Gives all ranks the state that rank 0 passes; what the others pass does not count. With more than two hosts the last bits of what
/// follows also depend on DistributedOptimizerOptions::gradient_order. Throws DataError, on all ranks and naming the tensor, where
/// one is missing or has another shape; then nothing has changed. Collective.
void load_training_state(torch::nn::Module& module, DistributedOptimizer& optimizer, Communicator& communicator, const TensorMap& state);

/// Rank 0's tensors on every rank. Collective.
TensorMap broadcast_tensor_map(Communicator& communicator, const TensorMap& tensors);

/// The tensors whose names begin with `prefix`, without it.
TensorMap part_of(const TensorMap& tensors, std::string_view prefix);

}  // namespace skein
