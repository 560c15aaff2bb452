#pragma once
// torch::optim::SGD with the whole update of a parameter in one pass over its memory.

#include <torch/optim/sgd.h>

namespace skein {

/// Same options, state and serialisation as torch::optim::SGD and the same update up to rounding; uses at::_fused_sgd_,
/// which reads and writes each of parameter, gradient and momentum once. Sparse gradients are refused by it.
class FusedSgd : public torch::optim::SGD {
 public:
  using torch::optim::SGD::SGD;
  torch::Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace skein
