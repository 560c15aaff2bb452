#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "trainer/onnx/onnx_fields.h"
#include "trainer/onnx/onnx_file.h"
#include "trainer/onnx/wire_format.h"

namespace skein {
namespace {

using namespace onnx_fields;

ProtoMessage message_of(const OnnxTensor& tensor) {
  ProtoMessage message;
  message.add(kTensorDims, tensor.shape);
  message.add(kTensorDataType, std::int64_t{kFloat});
  message.add(kTensorName, tensor.name);
  message.add_view(kTensorRawData, std::as_bytes(std::span(tensor.values)));
  return message;
}

ProtoMessage message_of(const std::string& name, const OnnxAttribute& attribute) {
  ProtoMessage message;
  message.add(kAttributeName, name);
  if (attribute.is_list)
    for (const std::int64_t value : attribute.values) message.add(kAttributeInts, value);
  else
    message.add(kAttributeInt, attribute.values.at(0));
  message.add(kAttributeType, std::int64_t{attribute.is_list ? kTypeInts : kTypeInt});
  return message;
}

ProtoMessage message_of(const OnnxNode& node) {
  ProtoMessage message;
  for (const std::string& input : node.inputs) message.add(kNodeInput, input);
  for (const std::string& output : node.outputs) message.add(kNodeOutput, output);
  message.add(kNodeName, node.name);
  message.add(kNodeOpType, node.op_type);
  for (const auto& [name, attribute] : node.attributes) message.add(kNodeAttribute, message_of(name, attribute));
  return message;
}

ProtoMessage message_of(const OnnxValue& value) {
  ProtoMessage shape;
  for (const OnnxDimension& side : value.shape) {
    ProtoMessage dimension;
    if (side.name.empty())
      dimension.add(kDimensionValue, side.value);
    else
      dimension.add(kDimensionName, side.name);
    shape.add(kShapeDimension, dimension);
  }
  ProtoMessage tensor;
  tensor.add(kTypeTensorElement, std::int64_t{kFloat});
  tensor.add(kTypeTensorShape, shape);
  ProtoMessage type;
  type.add(kTypeTensor, tensor);
  ProtoMessage message;
  message.add(kValueName, value.name);
  message.add(kValueType, type);
  return message;
}

ProtoMessage graph_message(const OnnxModel& model) {
  ProtoMessage message;
  for (const OnnxNode& node : model.nodes) message.add(kGraphNode, message_of(node));
  message.add(kGraphName, model.graph_name);
  for (const OnnxTensor& tensor : model.initializers) message.add(kGraphInitializer, message_of(tensor));
  for (const OnnxValue& input : model.inputs) message.add(kGraphInput, message_of(input));
  for (const OnnxValue& output : model.outputs) message.add(kGraphOutput, message_of(output));
  return message;
}

ProtoMessage message_of(const OnnxModel& model) {
  ProtoMessage message;
  message.add(kModelIrVersion, model.ir_version);
  message.add(kModelProducerName, model.producer_name);
  message.add(kModelProducerVersion, model.producer_version);
  message.add(kModelGraph, graph_message(model));
  ProtoMessage opset;
  opset.add(kOpsetDomain, "");
  opset.add(kOpsetVersion, model.opset);
  message.add(kModelOpset, opset);
  for (const auto& [key, value] : model.metadata) {
    ProtoMessage entry;
    entry.add(kEntryKey, key);
    entry.add(kEntryValue, value);
    message.add(kModelMetadata, entry);
  }
  return message;
}

}  // namespace

void write_onnx(const OnnxModel& model, const std::filesystem::path& path, std::string_view flags) {
  const ProtoMessage message = message_of(model);
  if (message.num_bytes() > kMaxOnnxBytes)
    throw UsageError(concat("an ONNX file of ", message.num_bytes(), " bytes cannot be read: ", kMaxOnnxBytes, " is the most"),
                     "export a smaller model");
  AtomicFile file(path, flags);
  message.for_each_piece([&](std::string_view piece) { file.write(piece); });
  file.commit();
}

std::string encode_onnx(const OnnxModel& model) {
  std::string bytes;
  message_of(model).for_each_piece([&](std::string_view piece) { bytes += piece; });
  return bytes;
}

}  // namespace skein
