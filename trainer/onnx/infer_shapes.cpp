#include "trainer/onnx/infer_shapes.h"

#include <algorithm>
#include <initializer_list>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/tensor_record.h"

namespace skein {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr std::int64_t kLargest = 1 << 24;  // of attributes: far more than any convolution has

/// One node with the shapes of its inputs.
struct NodeShapes {
  const OnnxNode& node;
  std::vector<Shape> inputs;

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(concat("the ONNX node ", node.name, " (", node.op_type, ") ", what), "report this as an error of Skein");
  }
  void require(bool condition, const char* what) const {
    if (condition) return;
    std::string shapes;
    for (const Shape& shape : inputs) shapes += concat(shapes.empty() ? "" : " and ", shape_text(shape));
    fail(concat(what, "; its inputs are ", shapes));
  }
  static bool are_sensible(const Shape& values) {
    return std::all_of(values.begin(), values.end(), [](std::int64_t value) { return value >= 0 && value < kLargest; });
  }
  void allow(std::initializer_list<const char*> known) const {
    for (const auto& [name, attribute] : node.attributes)
      if (std::find(known.begin(), known.end(), name) == known.end() || attribute.values.empty() || !are_sensible(attribute.values))
        fail("has the attribute " + name + ", which is not understood");
  }
};

/// [N, C, H, W] to [N, channels, H', W'], by kernel_shape, strides, pads and dilations.
Shape slide(const NodeShapes& n, std::int64_t channels, const Shape& kernel) {
  const Shape strides = n.node.numbers("strides", {1, 1});
  const Shape pads = n.node.numbers("pads", {0, 0, 0, 0});
  const Shape dilations = n.node.numbers("dilations", {1, 1});
  n.require(strides.size() == 2 && pads.size() == 4 && dilations.size() == 2 && kernel.size() == 2, "is not one of pictures");
  Shape result{n.inputs[0][0], channels};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t room = n.inputs[0][2 + axis] + pads[axis] + pads[2 + axis] - (dilations[axis] * (kernel[axis] - 1) + 1);
    n.require(room >= 0 && strides[axis] > 0, "has a kernel larger than its input");
    result.push_back(room / strides[axis] + 1);
  }
  return result;
}

Shape conv(const NodeShapes& n) {
  n.allow({"kernel_shape", "strides", "pads", "dilations", "group"});
  n.require(n.inputs.size() == 3 && n.inputs[0].size() == 4 && n.inputs[1].size() == 4, "needs pictures, weights and a bias");
  const Shape& weight = n.inputs[1];
  const std::int64_t groups = n.node.numbers("group", {1}).at(0);
  const Shape kernel{weight[2], weight[3]};
  n.require(groups > 0 && weight[1] * groups == n.inputs[0][1] && weight[0] % groups == 0, "has weights of other channels");
  n.require(n.inputs[2] == Shape{weight[0]}, "has a bias of other channels");
  n.require(n.node.numbers("kernel_shape", kernel) == kernel, "has weights of another kernel");
  return slide(n, weight[0], kernel);
}

Shape max_pool(const NodeShapes& n) {
  n.allow({"kernel_shape", "strides", "pads"});
  n.require(n.inputs.size() == 1 && n.inputs[0].size() == 4, "needs pictures");
  return slide(n, n.inputs[0][1], n.node.numbers("kernel_shape", {}));
}

Shape global_average_pool(const NodeShapes& n) {
  n.allow({});
  n.require(n.inputs.size() == 1 && n.inputs[0].size() == 4, "needs pictures");
  return {n.inputs[0][0], n.inputs[0][1], 1, 1};
}

Shape relu(const NodeShapes& n) {
  n.allow({});
  n.require(n.inputs.size() == 1, "takes one input");
  return n.inputs[0];
}

Shape add(const NodeShapes& n) {
  n.allow({});
  n.require(n.inputs.size() == 2 && n.inputs[0] == n.inputs[1], "adds values of different shapes");
  return n.inputs[0];
}

Shape flatten(const NodeShapes& n) {
  n.allow({"axis"});
  n.require(n.inputs.size() == 1 && n.inputs[0].size() >= 1 && n.node.numbers("axis", {1}) == Shape{1}, "must keep the batch");
  std::int64_t rest = 1;
  for (std::size_t i = 1; i < n.inputs[0].size(); ++i) rest *= n.inputs[0][i];
  return {n.inputs[0][0], rest};
}

Shape gemm(const NodeShapes& n) {
  n.allow({"transB"});
  n.require(n.inputs.size() == 3 && n.inputs[0].size() == 2 && n.inputs[1].size() == 2, "needs a matrix, weights and a bias");
  n.require(n.node.numbers("transB", {0}) == Shape{1}, "must multiply by the transposed weights");
  n.require(n.inputs[0][1] == n.inputs[1][1] && n.inputs[2] == Shape{n.inputs[1][0]}, "has weights of another shape");
  return {n.inputs[0][0], n.inputs[1][0]};
}

Shape output_of(const NodeShapes& n) {
  struct Rule {
    const char* op_type;
    Shape (*shape)(const NodeShapes&);
  };
  static constexpr Rule kRules[] = {{"Conv", conv}, {"MaxPool", max_pool}, {"GlobalAveragePool", global_average_pool},
                                    {"Relu", relu}, {"Add", add},          {"Flatten", flatten},
                                    {"Gemm", gemm}};
  for (const Rule& rule : kRules)
    if (n.node.op_type == rule.op_type) return rule.shape(n);
  n.fail("is of an operator that is not understood");
}

/// `given` fits `declared`; free sides of the same name get the same value.
bool fits(const Shape& given, const OnnxValue& declared, std::map<std::string, std::int64_t>& free_sides) {
  if (given.size() != declared.shape.size()) return false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const OnnxDimension& side = declared.shape[i];
    const std::int64_t wanted = side.name.empty() ? side.value : free_sides.emplace(side.name, given[i]).first->second;
    if (given[i] != wanted) return false;
  }
  return true;
}

[[noreturn]] void refuse_value(const std::string& name, const std::string& what) {
  throw DataError(concat("the ONNX value ", name, " ", what), "report this as an error of Skein");
}

}  // namespace

OnnxShapes infer_shapes(const OnnxModel& model, const Shape& input) {
  std::map<std::string, std::int64_t> free_sides;
  OnnxShapes shapes;
  const auto define = [&](const std::string& name, const Shape& shape) {
    if (!shapes.emplace(name, shape).second) refuse_value(name, "is there twice");
  };
  for (const OnnxTensor& tensor : model.initializers) define(tensor.name, tensor.shape);
  for (const OnnxValue& value : model.inputs) {
    if (!fits(input, value, free_sides)) refuse_value(value.name, concat("cannot be of shape ", shape_text(input)));
    define(value.name, input);
  }
  for (const OnnxNode& node : model.nodes) {
    NodeShapes n{node, {}};
    for (const std::string& name : node.inputs) {
      const auto found = shapes.find(name);
      if (found == shapes.end()) n.fail("needs " + name + ", which is not there yet");
      n.inputs.push_back(found->second);
    }
    if (node.outputs.size() != 1) n.fail("does not have one output");
    define(node.outputs[0], output_of(n));
  }
  for (const OnnxValue& value : model.outputs) {
    const auto found = shapes.find(value.name);
    if (found == shapes.end() || !fits(found->second, value, free_sides)) refuse_value(value.name, "is not the output that is declared");
  }
  return shapes;
}

}  // namespace skein
