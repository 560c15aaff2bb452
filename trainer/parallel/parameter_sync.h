#pragma once
// Making sure that all ranks start from, and stay with, the same model.

#include <torch/nn/module.h>
#include <torch/types.h>

#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "collectives/objects.h"

namespace skein {

struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
};

/// Parameters that train, each once even when the module holds it under several names.
std::vector<NamedTensor> trained_parameters(const torch::nn::Module& module);

/// All parameters, detached, and then all buffers.
std::vector<NamedTensor> state_of(const torch::nn::Module& module);

/// Throws MismatchError on every rank, naming each rank that differs from rank 0 and the first tensor in which it does,
/// unless all ranks hold tensors of the same names, shapes, element types and strides in the same order. Collective.
void check_same_tensors(Communicator& communicator, const std::vector<NamedTensor>& tensors, const std::string& what);

/// Every rank gets the values of `root`, in place. Collective; check_same_tensors first.
void broadcast_tensors(Communicator& communicator, const std::vector<NamedTensor>& tensors, int root);

/// Floating-point tensors become the average over all ranks, the others rank 0's, in place. Collective.
void average_tensors(Communicator& communicator, const std::vector<NamedTensor>& tensors);

/// Throws MismatchError, naming the first tensor that is not bit-identical on all ranks. Collective; for tests and
/// debugging.
void check_identical_values(Communicator& communicator, const std::vector<NamedTensor>& tensors);

}  // namespace skein
