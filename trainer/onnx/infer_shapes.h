#pragma once
// The shape of every value of an ONNX model, node by node, by the rules of ONNX's operators (onnx/docs/Operators.md, opset 17).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/onnx/onnx_model.h"

namespace skein {

using OnnxShapes = std::map<std::string, std::vector<std::int64_t>>;

/// For an input of `input` sides, which must fit the declared one. Operators: Conv, MaxPool, GlobalAveragePool, Relu, Add, Flatten
/// and Gemm, each as the exporter uses it. Throws DataError, naming the node, for anything that does not fit: values that are not
/// there yet or twice, unknown operators and attributes, shapes, an output other than the declared one.
OnnxShapes infer_shapes(const OnnxModel& model, const std::vector<std::int64_t>& input);

}  // namespace skein
