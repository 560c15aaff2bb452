#include <cstring>
#include <functional>

#include "runtime/process/text.h"
#include "trainer/onnx/onnx_fields.h"
#include "trainer/onnx/onnx_file.h"
#include "trainer/onnx/wire_format.h"

namespace skein {
namespace {

using namespace onnx_fields;

using OnField = std::function<bool(const ProtoReader& reader, const ProtoField& field)>;

/// Calls `on_field` for every field; one that it does not know (false) is an error: nothing of a model is passed over.
void read_message(std::span<const std::byte> bytes, std::string_view where, const char* what, const OnField& on_field) {
  ProtoReader reader(bytes, where);
  for (ProtoField field; reader.next(field);)
    if (!on_field(reader, field)) reader.fail(concat("holds field ", field.number, " of ", what, ", which is not understood"));
}

std::int64_t num_elements(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t side : shape)
    if (side < 0 || __builtin_mul_overflow(count, side, &count)) return -1;
  return count;
}

OnnxTensor read_tensor(std::span<const std::byte> bytes, std::string_view where) {
  OnnxTensor tensor;
  std::span<const std::byte> raw;
  std::int64_t type = 0;
  read_message(bytes, where, "a tensor", [&](const ProtoReader& reader, const ProtoField& field) {
    switch (field.number) {
      case kTensorDims:
        for (const std::int64_t side : reader.integers(field)) tensor.shape.push_back(side);
        return true;
      case kTensorDataType: type = field.integer(); return true;
      case kTensorName: tensor.name = field.text(); return true;
      case kTensorRawData: raw = field.bytes; return true;
      default: return false;
    }
  });
  const std::int64_t count = num_elements(tensor.shape);
  if (type != kFloat || count < 0 || raw.size() / sizeof(float) != static_cast<std::size_t>(count) || raw.size() % sizeof(float) != 0)
    ProtoReader({}, where).fail(concat("holds a tensor '", tensor.name, "' whose bytes are not those of its shape and type"));
  tensor.values.resize(static_cast<std::size_t>(count));
  if (count > 0) std::memcpy(tensor.values.data(), raw.data(), raw.size());
  return tensor;
}

void read_attribute(std::span<const std::byte> bytes, std::string_view where, OnnxNode& node) {
  std::string name;
  OnnxAttribute attribute;
  read_message(bytes, where, "an attribute", [&](const ProtoReader& reader, const ProtoField& field) {
    switch (field.number) {
      case kAttributeName: name = field.text(); return true;
      case kAttributeInt: attribute.values = {field.integer()}; return true;
      case kAttributeInts:
        for (const std::int64_t value : reader.integers(field)) attribute.values.push_back(value);
        return true;
      case kAttributeType: attribute.is_list = field.integer() == kTypeInts; return field.integer() == kTypeInts || field.integer() == kTypeInt;
      default: return false;
    }
  });
  node.attributes[name] = attribute;
}

OnnxNode read_node(std::span<const std::byte> bytes, std::string_view where) {
  OnnxNode node;
  read_message(bytes, where, "a node", [&](const ProtoReader&, const ProtoField& field) {
    switch (field.number) {
      case kNodeInput: node.inputs.push_back(field.text()); return true;
      case kNodeOutput: node.outputs.push_back(field.text()); return true;
      case kNodeName: node.name = field.text(); return true;
      case kNodeOpType: node.op_type = field.text(); return true;
      case kNodeDomain: return field.bytes.empty();
      case kNodeAttribute: read_attribute(field.bytes, where, node); return true;
      default: return false;
    }
  });
  return node;
}

OnnxDimension read_dimension(std::span<const std::byte> bytes, std::string_view where) {
  OnnxDimension dimension;
  read_message(bytes, where, "a dimension", [&](const ProtoReader&, const ProtoField& field) {
    if (field.number == kDimensionName) dimension.name = field.text();
    if (field.number == kDimensionValue) dimension.value = field.integer();
    return field.number == kDimensionName || field.number == kDimensionValue;
  });
  return dimension;
}

/// The single field of that number in a message that may have no other.
std::span<const std::byte> only(std::span<const std::byte> bytes, std::string_view where, const char* what, int number) {
  std::span<const std::byte> found;
  read_message(bytes, where, what, [&](const ProtoReader&, const ProtoField& field) {
    found = field.bytes;
    return field.number == number;
  });
  return found;
}

OnnxValue read_value(std::span<const std::byte> bytes, std::string_view where) {
  OnnxValue value;
  std::span<const std::byte> type;
  read_message(bytes, where, "an input or output", [&](const ProtoReader&, const ProtoField& field) {
    if (field.number == kValueName) value.name = field.text();
    if (field.number == kValueType) type = field.bytes;
    return field.number == kValueName || field.number == kValueType;
  });
  std::span<const std::byte> shape;
  read_message(only(type, where, "a type", kTypeTensor), where, "a tensor's type", [&](const ProtoReader&, const ProtoField& field) {
    if (field.number == kTypeTensorShape) shape = field.bytes;
    return field.number == kTypeTensorShape || (field.number == kTypeTensorElement && field.integer() == kFloat);
  });
  read_message(shape, where, "a shape", [&](const ProtoReader&, const ProtoField& field) {
    if (field.number == kShapeDimension) value.shape.push_back(read_dimension(field.bytes, where));
    return field.number == kShapeDimension;
  });
  return value;
}

void read_graph(std::span<const std::byte> bytes, std::string_view where, OnnxModel& model) {
  read_message(bytes, where, "the graph", [&](const ProtoReader&, const ProtoField& field) {
    switch (field.number) {
      case kGraphNode: model.nodes.push_back(read_node(field.bytes, where)); return true;
      case kGraphName: model.graph_name = field.text(); return true;
      case kGraphInitializer: model.initializers.push_back(read_tensor(field.bytes, where)); return true;
      case kGraphInput: model.inputs.push_back(read_value(field.bytes, where)); return true;
      case kGraphOutput: model.outputs.push_back(read_value(field.bytes, where)); return true;
      default: return false;
    }
  });
}

void read_opset(std::span<const std::byte> bytes, std::string_view where, OnnxModel& model) {
  read_message(bytes, where, "an operator set", [&](const ProtoReader&, const ProtoField& field) {
    if (field.number == kOpsetVersion) model.opset = field.integer();
    return field.number == kOpsetVersion || (field.number == kOpsetDomain && field.bytes.empty());
  });
}

void read_metadata(std::span<const std::byte> bytes, std::string_view where, OnnxModel& model) {
  std::string key, value;
  read_message(bytes, where, "the metadata", [&](const ProtoReader&, const ProtoField& field) {
    (field.number == kEntryKey ? key : value) = field.text();
    return field.number == kEntryKey || field.number == kEntryValue;
  });
  model.metadata[key] = value;
}

}  // namespace

OnnxModel decode_onnx(std::span<const std::byte> bytes, std::string_view where) {
  OnnxModel model;
  model.ir_version = model.opset = 0;
  read_message(bytes, where, "the model", [&](const ProtoReader&, const ProtoField& field) {
    switch (field.number) {
      case kModelIrVersion: model.ir_version = field.integer(); return true;
      case kModelProducerName: model.producer_name = field.text(); return true;
      case kModelProducerVersion: model.producer_version = field.text(); return true;
      case kModelGraph: read_graph(field.bytes, where, model); return true;
      case kModelOpset: read_opset(field.bytes, where, model); return true;
      case kModelMetadata: read_metadata(field.bytes, where, model); return true;
      default: return false;
    }
  });
  return model;
}

}  // namespace skein
