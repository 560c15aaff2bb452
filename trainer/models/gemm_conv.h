#pragma once
// Convolutions whose weights outweigh their images, as matrix products.

#include <torch/nn/modules/conv.h>

namespace skein {

/// A Conv2d with the same parameters and names. LibTorch's convolution on CPUs brings weights and their gradients from the
/// order of the parameter into one of its own and back: several passes over memory that take longer than the arithmetic where
/// an image is down to a few pixels. There this one multiplies matrices (im2col: K. Chellapilla, S. Puri, P. Simard, "High
/// Performance Convolutional Neural Networks for Document Processing", 2006), which need no other order.
///
/// For float32 on the CPU, images and weights in channels_last order; without groups, dilation and bias, outside autocast.
/// Everything else, and larger images, LibTorch computes. The results differ in the order of additions. A backward() with
/// create_graph is a UsageError where it multiplies.
class GemmConv2dImpl : public torch::nn::Conv2dImpl {
 public:
  using torch::nn::Conv2dImpl::Conv2dImpl;
  torch::Tensor forward(const torch::Tensor& images);
  /// False: LibTorch computes everything.
  void use_gemm(bool value) { uses_gemm_ = value; }

 private:
  bool is_suitable(const torch::Tensor& images) const;
  bool uses_gemm_ = true;
};
TORCH_MODULE(GemmConv2d);

/// GemmConv2dImpl::use_gemm for all of a module's.
void use_gemm(const torch::nn::Module& module, bool value);

}  // namespace skein
