#include "trainer/onnx/interpreter.h"

#include <torch/torch.h>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/onnx/infer_shapes.h"
#include "trainer/weights/tensor_record.h"

namespace skein {
namespace {

using torch::Tensor;
using Sides = std::vector<std::int64_t>;

/// Pads all four sides as the node says; LibTorch's operators only know padding that is the same on opposite sides.
Tensor padded(const OnnxNode& node, const Tensor& images, double value) {
  const Sides pads = node.numbers("pads", {0, 0, 0, 0});  // top, left, bottom, right
  return torch::constant_pad_nd(images, {pads[1], pads[3], pads[0], pads[2]}, value);
}

Tensor compute(const OnnxNode& node, const std::vector<Tensor>& in) {
  const std::string& type = node.op_type;
  const Sides strides = node.numbers("strides", {1, 1});
  if (type == "Conv")
    return torch::conv2d(padded(node, in[0], 0), in[1], in[2], strides, at::IntArrayRef{0, 0}, node.numbers("dilations", {1, 1}),
                         node.numbers("group", {1})[0]);
  if (type == "MaxPool")
    return torch::max_pool2d(padded(node, in[0], -std::numeric_limits<double>::infinity()), node.numbers("kernel_shape", {}), strides);
  if (type == "GlobalAveragePool") return in[0].mean({2, 3}, /*keepdim=*/true);
  if (type == "Relu") return in[0].relu();
  if (type == "Add") return in[0] + in[1];
  if (type == "Flatten") return in[0].flatten(1);
  return torch::addmm(in[2], in[0], in[1].t());  // Gemm; infer_shapes() lets nothing else pass
}

}  // namespace

at::Tensor run_onnx(const OnnxModel& model, const at::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const OnnxShapes shapes = infer_shapes(model, images.sizes().vec());
  std::map<std::string, Tensor> values;
  for (const OnnxTensor& tensor : model.initializers)
    values[tensor.name] = torch::from_blob(const_cast<float*>(tensor.values.data()), tensor.shape, torch::kFloat32);
  values[model.inputs.at(0).name] = images;
  for (const OnnxNode& node : model.nodes) {
    std::vector<Tensor> inputs;
    for (const std::string& name : node.inputs) inputs.push_back(values.at(name));
    Tensor output = compute(node, inputs);
    if (const Sides& expected = shapes.at(node.outputs[0]); output.sizes().vec() != expected)
      throw DataError(concat("the ONNX node ", node.name, " gives ", shape_text(output.sizes().vec()), " instead of ", shape_text(expected)));
    values[node.outputs[0]] = std::move(output);
  }
  return values.at(model.outputs.at(0).name).clone();
}

}  // namespace skein
