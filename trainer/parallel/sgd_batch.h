#pragma once
// One call of LibTorch's fused SGD.

#include <ATen/ops/_fused_sgd.h>
#include <torch/optim/sgd.h>

#include <vector>

namespace skein {

/// Tensors, or pieces of them, that take their first step or a later one; momenta are empty without momentum.
struct SgdBatch {
  std::vector<torch::Tensor> parameters;
  std::vector<torch::Tensor> gradients;
  std::vector<torch::Tensor> momenta;

  void update(const torch::optim::SGDOptions& options, bool is_first_step) {
    if (parameters.empty()) return;
    at::_fused_sgd_(parameters, gradients, momenta, options.weight_decay(), options.momentum(), options.lr(),
                    options.dampening(), options.nesterov(), /*maximize=*/false, is_first_step);
  }
};

}  // namespace skein
