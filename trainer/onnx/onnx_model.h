#pragma once
// An ONNX model as plain data: what a file holds of it, and what an exporter fills in. No LibTorch here. Of ONNX's many kinds of
// values there are those that image classifiers need: float32 tensors, and integers as attributes.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace skein {

/// A constant: weights or a bias, row-major.
struct OnnxTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// A side of a tensor that comes from outside: a number, or the name of one that is free.
struct OnnxDimension {
  std::int64_t value = 0;
  std::string name;  ///< empty: `value` counts
  bool operator==(const OnnxDimension&) const = default;
};

/// An input or output of the graph, of float32.
struct OnnxValue {
  std::string name;
  std::vector<OnnxDimension> shape;
};

/// An integer or a list of them.
struct OnnxAttribute {
  std::vector<std::int64_t> values;
  bool is_list = true;
  bool operator==(const OnnxAttribute&) const = default;
};

/// One operator applied to named values.
struct OnnxNode {
  std::string name;
  std::string op_type;  ///< "Conv", "Relu"; of ONNX's own operators
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, OnnxAttribute> attributes;

  /// The attribute's numbers, or `fallback` where the node leaves it out.
  std::vector<std::int64_t> numbers(const std::string& attribute, std::vector<std::int64_t> fallback) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? fallback : found->second.values;
  }
};

struct OnnxModel {
  /// What onnx 1.12 (2022) reads, and everything since.
  static constexpr std::int64_t kIrVersion = 8;
  static constexpr std::int64_t kOpset = 17;

  std::int64_t ir_version = kIrVersion;
  std::int64_t opset = kOpset;
  std::string producer_name;
  std::string producer_version;
  std::map<std::string, std::string> metadata;
  std::string graph_name;
  std::vector<OnnxValue> inputs;
  std::vector<OnnxValue> outputs;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxNode> nodes;  ///< in an order in which they can be computed
};

}  // namespace skein
