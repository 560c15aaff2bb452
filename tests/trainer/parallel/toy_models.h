#pragma once
// Small modules with reproducible parameters. Ranks are threads here and share torch's generator, so nothing is random.

#include <torch/nn.h>
#include <torch/types.h>

#include <string>

#include "trainer/parallel/data_parallel.h"
#include "trainer/parallel/parameter_sync.h"

namespace skein::test {

/// A tensor of the given shape whose elements depend on `seed` and position, in [-1, 1].
inline torch::Tensor values(at::IntArrayRef shape, double seed) {
  const auto count = c10::multiply_integers(shape);
  const auto positions = torch::arange(count, torch::kFloat64);
  return torch::sin(positions * 12.9898 + seed * 78.233).to(torch::kFloat32).reshape(shape);
}

inline void set_values(torch::nn::Module& module, double scale = 0.3) {
  const torch::NoGradGuard no_grad;
  double seed = 1;
  for (auto& parameter : module.parameters()) parameter.copy_(values(parameter.sizes(), seed++) * scale);
}

/// Two convolutions and a linear layer: 6 x 6 images of 3 channels -> 4 classes. No BatchNorm.
struct ToyNetImpl : torch::nn::Module {
  ToyNetImpl() {
    conv1 = register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 8, 3).padding(1)));
    conv2 = register_module("conv2", torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 5, 3)));
    fc = register_module("fc", torch::nn::Linear(5 * 4 * 4, 4));
    set_values(*this);
  }
  torch::Tensor forward(const torch::Tensor& images) {
    return fc(torch::tanh(conv2(torch::relu(conv1(images)))).flatten(1));
  }
  torch::nn::Conv2d conv1{nullptr};
  torch::nn::Conv2d conv2{nullptr};
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ToyNet);

inline torch::Tensor images(std::int64_t count, double seed) {
  return values({count, 3, 6, 6}, seed);
}
inline torch::Tensor labels(std::int64_t count, std::int64_t seed) {
  return (torch::arange(count) * 7 + seed) % 4;
}

inline torch::Tensor loss_of(ToyNet& net, const torch::Tensor& batch, const torch::Tensor& target) {
  return torch::nn::functional::cross_entropy(net(batch), target);
}

inline std::vector<NamedTensor> named_parameters(const torch::nn::Module& module) {
  std::vector<NamedTensor> result;
  for (const auto& item : module.named_parameters()) result.push_back({item.key(), item.value().detach()});
  return result;
}

inline torch::Tensor flat_parameters(const torch::nn::Module& module) {
  std::vector<torch::Tensor> flat;
  for (const auto& parameter : module.parameters()) flat.push_back(parameter.detach().flatten().clone());
  return torch::cat(flat);
}

/// Several buckets even for a toy.
inline DataParallelOptions small_buckets() {
  DataParallelOptions options;
  options.buckets = {256, 1024};
  return options;
}

}  // namespace skein::test
