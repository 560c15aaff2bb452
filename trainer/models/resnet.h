#pragma once
// Residual networks for image classification: He et al., "Deep Residual Learning for Image Recognition",
// 2015, in the variant "v1.5" (the stride of a bottleneck sits on its 3x3 convolution) that torchvision
// trains, and its relatives ResNeXt and Wide ResNet.

#include <torch/nn.h>

#include <array>
#include <string>

#include "trainer/models/resnet_shape.h"
#include "trainer/parallel/sync_batch_norm.h"

namespace skein {

struct ResnetOptions {
  /// Starts every block as the identity by zeroing the weight of its last BatchNorm (Goyal et al., 2017).
  bool zero_init_residual = false;
};

/// Parameters, buffers, their order and their numerics are torchvision's: conv1, bn1, layer1.0.conv1, ...,
/// layer2.0.downsample.0, ..., fc. The same torch::manual_seed gives torchvision's initial weights.
/// Trains and evaluates in float32 and under AutocastGuard, in either memory format. synchronize_batch_norm() may be called on it.
class ResnetImpl : public torch::nn::Module {
 public:
  ResnetImpl(const ResnetShape& shape, int64_t num_classes, const ResnetOptions& options = {});

  /// [N, 3, H, W] float images, normalised -> [N, num_classes] logits. H and W are free; 224 is customary.
  torch::Tensor forward(torch::Tensor images);

 private:
  torch::nn::Sequential make_layer(const ResnetShape& shape, int64_t layer_index);
  void initialise_weights(const ResnetOptions& options);

  int64_t num_channels_ = 64;  // what the next block receives; used while building
  torch::nn::Conv2d conv1_;
  SyncBatchNorm2d bn1_;
  std::array<torch::nn::Sequential, 4> layers_;
  torch::nn::Linear fc_;
};
TORCH_MODULE(Resnet);

/// The model of that name (resnet_names()) with random weights from torch's default generator, on the CPU, float32, in
/// training mode. Throws UsageError, listing the names, for an unknown one, and for num_classes below 1.
Resnet make_resnet(const std::string& name, int64_t num_classes, const ResnetOptions& options = {});

}  // namespace skein
