#pragma once
// A residual network as an ONNX graph.

#include <torch/nn/module.h>

#include <string>

#include "trainer/onnx/onnx_model.h"

namespace skein {

/// The graph of a network that is built as torchvision's ResNets are, for use (evaluation): conv1, bn1, a ReLU and max pooling 3x3
/// with stride 2; layer1 to layer4, Sequentials of blocks; global average pooling; fc. A block is convN and bnN for N = 1, 2, ...
/// with a ReLU between, and downsample (or nothing) beside it. All numbers come from the modules, so groups, dilation and widths
/// are what they are. Each BatchNorm is folded into the convolution before it, in double precision.
///
/// The input "images" is [N, 3, height, width], all but the 3 free; the output "logits" [N, classes]. Parameters may be on any
/// device, in any memory format. Throws UsageError, naming the module, for a network that is built otherwise, and for weights that
/// are not finite.
OnnxModel resnet_graph(const torch::nn::Module& network, const std::string& name);

}  // namespace skein
