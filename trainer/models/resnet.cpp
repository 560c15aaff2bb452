#include "trainer/models/resnet.h"

#include <torch/torch.h>

#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/models/gemm_conv.h"

namespace skein {
namespace {

namespace nn = torch::nn;

GemmConv2d convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t groups = 1) {
  return GemmConv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).groups(groups).bias(false));
}

/// Projects the block's input where its output has another shape; null where it has not.
nn::Sequential projection(int64_t in, int64_t out, int64_t stride) {
  if (in == out && stride == 1) return nullptr;
  return nn::Sequential(convolution(in, out, 1, stride), SyncBatchNorm2d(out));
}

struct BlockShape {
  int64_t in;
  int64_t width;
  int64_t out;
  int64_t stride;
  int64_t groups;
};

class BlockImpl : public nn::Module {
 public:
  virtual torch::Tensor forward(torch::Tensor input) = 0;
  /// The normalisation that ends the residual branch.
  virtual SyncBatchNorm2d last_norm() const = 0;
};

class BasicBlockImpl : public BlockImpl {
 public:
  static constexpr int64_t kExpansion = 1;

  BasicBlockImpl(const BlockShape& shape, nn::Sequential downsample)
      : conv1_(register_module("conv1", convolution(shape.in, shape.width, 3, shape.stride))),
        bn1_(register_module("bn1", SyncBatchNorm2d(shape.width))),
        conv2_(register_module("conv2", convolution(shape.width, shape.out, 3))),
        bn2_(register_module("bn2", SyncBatchNorm2d(shape.out))),
        downsample_(std::move(downsample)) {
    if (downsample_) register_module("downsample", downsample_);
  }

  torch::Tensor forward(torch::Tensor input) override {
    auto residual = bn1_(conv1_(input)).relu_();
    residual = bn2_(conv2_(residual));
    return residual.add_(downsample_ ? downsample_->forward(input) : input).relu_();
  }

  SyncBatchNorm2d last_norm() const override { return bn2_; }

 private:
  GemmConv2d conv1_;
  SyncBatchNorm2d bn1_;
  GemmConv2d conv2_;
  SyncBatchNorm2d bn2_;
  nn::Sequential downsample_;
};

class BottleneckImpl : public BlockImpl {
 public:
  static constexpr int64_t kExpansion = 4;

  BottleneckImpl(const BlockShape& shape, nn::Sequential downsample)
      : conv1_(register_module("conv1", convolution(shape.in, shape.width, 1))),
        bn1_(register_module("bn1", SyncBatchNorm2d(shape.width))),
        conv2_(register_module("conv2", convolution(shape.width, shape.width, 3, shape.stride, shape.groups))),
        bn2_(register_module("bn2", SyncBatchNorm2d(shape.width))),
        conv3_(register_module("conv3", convolution(shape.width, shape.out, 1))),
        bn3_(register_module("bn3", SyncBatchNorm2d(shape.out))),
        downsample_(std::move(downsample)) {
    if (downsample_) register_module("downsample", downsample_);
  }

  torch::Tensor forward(torch::Tensor input) override {
    auto residual = bn1_(conv1_(input)).relu_();
    residual = bn2_(conv2_(residual)).relu_();
    residual = bn3_(conv3_(residual));
    return residual.add_(downsample_ ? downsample_->forward(input) : input).relu_();
  }

  SyncBatchNorm2d last_norm() const override { return bn3_; }

 private:
  GemmConv2d conv1_;
  SyncBatchNorm2d bn1_;
  GemmConv2d conv2_;
  SyncBatchNorm2d bn2_;
  GemmConv2d conv3_;
  SyncBatchNorm2d bn3_;
  nn::Sequential downsample_;
};

/// `first`: the first block, but for its output, which `planes` decides: the width that the blocks of a plain ResNet have.
template <class Block>
int64_t append_blocks(nn::Sequential& layer, int64_t num_blocks, int64_t planes, const BlockShape& first) {
  const int64_t out = planes * Block::kExpansion;
  for (int64_t block = 0; block < num_blocks; ++block) {
    const BlockShape shape{block == 0 ? first.in : out, first.width, out, block == 0 ? first.stride : 1, first.groups};
    // The projection comes first, as in torchvision, so that both draw the same random numbers.
    auto downsample = projection(shape.in, shape.out, shape.stride);
    layer->push_back(std::make_shared<Block>(shape, std::move(downsample)));
  }
  return out;
}

}  // namespace

ResnetImpl::ResnetImpl(const ResnetShape& shape, int64_t num_classes, const ResnetOptions& options)
    : conv1_(register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, 64, 7).stride(2).padding(3).bias(false)))),
      bn1_(register_module("bn1", SyncBatchNorm2d(64))),
      layers_{nullptr, nullptr, nullptr, nullptr},
      fc_(nullptr) {
  for (int64_t index = 0; index < 4; ++index) {
    layers_[index] = register_module(concat("layer", index + 1), make_layer(shape, index));
  }
  fc_ = register_module("fc", nn::Linear(num_channels_, num_classes));
  initialise_weights(options);
}

nn::Sequential ResnetImpl::make_layer(const ResnetShape& shape, int64_t layer_index) {
  const int64_t planes = 64 << layer_index;
  const auto append = shape.bottleneck ? append_blocks<BottleneckImpl> : append_blocks<BasicBlockImpl>;
  BlockShape first{};
  first.in = num_channels_;
  first.width = planes * shape.width_per_group / 64 * shape.groups;
  first.stride = layer_index == 0 ? 1 : 2;
  first.groups = shape.groups;
  nn::Sequential layer;
  num_channels_ = append(layer, shape.num_blocks[layer_index], planes, first);
  return layer;
}

void ResnetImpl::initialise_weights(const ResnetOptions& options) {
  for (const auto& module : modules(/*include_self=*/false)) {
    if (const auto* conv = module->as<nn::Conv2d>()) {
      nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    }
  }
  if (!options.zero_init_residual) return;
  for (const auto& module : modules(/*include_self=*/false)) {
    if (const auto block = std::dynamic_pointer_cast<BlockImpl>(module)) {
      nn::init::zeros_(block->last_norm()->weight);
    }
  }
}

torch::Tensor ResnetImpl::forward(torch::Tensor images) {
  auto features = bn1_(conv1_(images)).relu_();
  features = torch::max_pool2d(features, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
  for (auto& layer : layers_) features = layer->forward(features);
  features = torch::adaptive_avg_pool2d(features, {1, 1});
  return fc_(torch::flatten(features, 1));
}

Resnet make_resnet(const std::string& name, int64_t num_classes, const ResnetOptions& options) {
  if (num_classes < 1) throw UsageError(concat("a model needs at least one class, not ", num_classes));
  std::string known;
  for (const ResnetShape& shape : kResnets) {
    if (shape.name == name) return Resnet(shape, num_classes, options);
    known += concat(known.empty() ? "" : ", ", shape.name);
  }
  throw UsageError(concat("there is no model named '", name, "'"), concat("use one of ", known));
}

}  // namespace skein
