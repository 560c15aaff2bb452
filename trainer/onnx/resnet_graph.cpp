#include "trainer/onnx/resnet_graph.h"

#include <torch/torch.h>

#include <utility>
#include <variant>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

namespace nn = torch::nn;
using Sides = std::vector<std::int64_t>;

[[noreturn]] void refuse(const std::string& module, const std::string& what) {
  throw UsageError(concat("cannot export to ONNX: ", module, " ", what), "train without --export, and export the network by other means");
}

Sides both(const torch::ExpandingArray<2>& sides) {
  return {(*sides)[0], (*sides)[1]};
}

OnnxAttribute list(Sides values) {
  return {std::move(values), true};
}
OnnxAttribute single(std::int64_t value) {
  return {{value}, false};
}

OnnxTensor constant(const std::string& name, const torch::Tensor& values) {
  const torch::Tensor plain = values.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  if (!plain.isfinite().all().item<bool>()) refuse(name, "has values that are not finite");
  const float* begin = plain.data_ptr<float>();
  return {name, plain.sizes().vec(), {begin, begin + plain.numel()}};
}

/// A module by its place in the network.
struct Part {
  std::string path;
  std::shared_ptr<nn::Module> module;

  Part child(const std::string& name) const {
    const Part found = find(name);
    if (found.module) return found;
    refuse(path.empty() ? "the network" : path, concat("has no ", name, ": it is not built as a ResNet"));
  }
  Part find(const std::string& name) const {
    const auto children = module->named_children();
    const auto* entry = children.find(name);
    return {path.empty() ? name : concat(path, ".", name), entry == nullptr ? nullptr : *entry};
  }
  template <class Impl>
  Impl& as(const char* kind) const {
    auto* cast = module->as<Impl>();
    if (cast == nullptr) refuse(path, concat("is no ", kind));
    return *cast;
  }
};

class GraphBuilder {
 public:
  OnnxModel model;

  /// Appends a node; its output has the node's name.
  std::string append(const std::string& name, const char* op_type, std::vector<std::string> inputs,
                     std::map<std::string, OnnxAttribute> attributes = {}) {
    model.nodes.push_back({name, op_type, std::move(inputs), {name}, std::move(attributes)});
    return name;
  }

  /// Convolution and BatchNorm in one.
  std::string convolution(const Part& conv_part, const Part& norm_part, const std::string& input) {
    const auto& conv = conv_part.as<nn::Conv2dImpl>("Conv2d");
    const auto& norm = norm_part.as<nn::BatchNorm2dImpl>("BatchNorm2d");
    const auto* padding = std::get_if<torch::ExpandingArray<2>>(&conv.options.padding());
    if (padding == nullptr || !std::holds_alternative<torch::enumtype::kZeros>(conv.options.padding_mode()))
      refuse(conv_part.path, "pads by something else than a number of zeros");
    if (!norm.running_var.defined()) refuse(norm_part.path, "has no running statistics");
    torch::Tensor scale = torch::rsqrt(norm.running_var.to(torch::kFloat64) + norm.options.eps());
    torch::Tensor shift = -norm.running_mean.to(torch::kFloat64);
    if (conv.bias.defined()) shift = shift + conv.bias.detach().to(torch::kFloat64);
    if (norm.weight.defined()) scale = scale * norm.weight.detach().to(torch::kFloat64);
    shift = shift * scale;
    if (norm.bias.defined()) shift = shift + norm.bias.detach().to(torch::kFloat64);
    const torch::Tensor weight = conv.weight.detach().to(torch::kFloat64) * scale.view({-1, 1, 1, 1});
    model.initializers.push_back(constant(conv_part.path + ".weight", weight));
    model.initializers.push_back(constant(conv_part.path + ".bias", shift));
    const Sides pads = both(*padding);
    return append(conv_part.path, "Conv", {input, conv_part.path + ".weight", conv_part.path + ".bias"},
                  {{"kernel_shape", list(both(conv.options.kernel_size()))},
                   {"strides", list(both(conv.options.stride()))},
                   {"pads", list({pads[0], pads[1], pads[0], pads[1]})},
                   {"dilations", list(both(conv.options.dilation()))},
                   {"group", single(conv.options.groups())}});
  }

  std::string relu(const std::string& name, const std::string& input) { return append(name + ".relu", "Relu", {input}); }

  std::string block(const Part& part, const std::string& input) {
    std::size_t num_known = 0;
    std::string residual = input;
    for (int number = 1;; ++number) {
      const Part conv = part.find(concat("conv", number));
      if (!conv.module) break;
      if (number > 1) residual = relu(concat(part.path, ".bn", number - 1), residual);
      residual = convolution(conv, part.child(concat("bn", number)), residual);
      num_known += 2;
    }
    std::string shortcut = input;
    if (const Part downsample = part.find("downsample"); downsample.module) {
      if (downsample.module->children().size() != 2) refuse(downsample.path, "is not a convolution and a BatchNorm");
      shortcut = convolution(downsample.child("0"), downsample.child("1"), input);
      ++num_known;
    }
    if (residual == input || num_known != part.module->children().size()) refuse(part.path, "is no block of a ResNet");
    return relu(part.path, append(part.path + ".add", "Add", {residual, shortcut}));
  }

  std::string layer(const Part& part, std::string value) {
    for (const auto& child : part.module->named_children()) value = block(part.child(child.key()), value);
    return value;
  }

  /// Appends the last layer and returns the number of classes.
  std::int64_t classifier(const Part& part, const std::string& input, const std::string& output) {
    const auto& linear = part.as<nn::LinearImpl>("Linear");
    const std::int64_t num_classes = linear.weight.size(0);
    model.initializers.push_back(constant(part.path + ".weight", linear.weight));
    model.initializers.push_back(
        constant(part.path + ".bias", linear.bias.defined() ? linear.bias : torch::zeros({num_classes})));
    model.nodes.push_back({part.path, "Gemm", {input, part.path + ".weight", part.path + ".bias"}, {output}, {{"transB", single(1)}}});
    return num_classes;
  }
};

}  // namespace

OnnxModel resnet_graph(const torch::nn::Module& network, const std::string& name) {
  const torch::NoGradGuard no_grad;
  // A Part only looks; the network stays the caller's.
  const Part root{"", {std::shared_ptr<void>(), const_cast<torch::nn::Module*>(&network)}};
  if (root.module->children().size() != 7) refuse(name, "is not built as a ResNet");
  GraphBuilder builder;
  builder.model.graph_name = name;
  builder.model.inputs = {{"images", {{0, "N"}, {3, ""}, {0, "height"}, {0, "width"}}}};
  std::string value = builder.relu("bn1", builder.convolution(root.child("conv1"), root.child("bn1"), "images"));
  value = builder.append("maxpool", "MaxPool", {value}, {{"kernel_shape", list({3, 3})}, {"strides", list({2, 2})}, {"pads", list({1, 1, 1, 1})}});
  for (int number = 1; number <= 4; ++number) value = builder.layer(root.child(concat("layer", number)), value);
  value = builder.append("avgpool", "GlobalAveragePool", {value});
  value = builder.append("flatten", "Flatten", {value}, {{"axis", single(1)}});
  const std::int64_t num_classes = builder.classifier(root.child("fc"), value, "logits");
  builder.model.outputs = {{"logits", {{0, "N"}, {num_classes, ""}}}};
  return std::move(builder.model);
}

}  // namespace skein
