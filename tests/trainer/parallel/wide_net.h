#pragma once
// A network whose gradients fill several chunks, with parameters that take part now and then.

#include <torch/nn.h>

#include "tests/trainer/parallel/toy_models.h"

namespace skein::test {

/// One layer takes part in every other step only, on rank 0 only, another in none.
struct WideNetImpl : torch::nn::Module {
  WideNetImpl() {
    conv = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 7, 3)));
    wide = register_module("wide", torch::nn::Linear(7 * 4 * 4, 2500));
    extra = register_module("extra", torch::nn::Linear(2500, 33));
    unused = register_module("unused", torch::nn::Linear(5, 5));
    out = register_module("out", torch::nn::Linear(2500, 4));
    set_values(*this, 0.05);
  }
  torch::Tensor forward(const torch::Tensor& images, bool with_extra) {
    const torch::Tensor hidden = torch::tanh(wide(torch::relu(conv(images)).flatten(1)));
    const torch::Tensor logits = out(hidden);
    return with_extra ? logits + extra(hidden).mean() : logits;
  }
  torch::nn::Conv2d conv{nullptr};
  torch::nn::Linear wide{nullptr}, extra{nullptr}, unused{nullptr}, out{nullptr};
};
TORCH_MODULE(WideNet);

inline torch::Tensor loss_of(WideNet& net, int rank, int step) {
  constexpr std::int64_t kBatch = 3;
  const int seed = 10 * step + rank;
  return torch::nn::functional::cross_entropy(net(images(kBatch, seed), step % 2 == 0 && rank == 0), labels(kBatch, seed));
}

}  // namespace skein::test
