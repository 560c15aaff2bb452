#pragma once
// Numbers of the fields of ONNX's messages and of its types, from onnx/onnx.proto (github.com/onnx/onnx, as of release 1.23).

namespace skein::onnx_fields {

enum Model { kModelIrVersion = 1, kModelProducerName = 2, kModelProducerVersion = 3, kModelGraph = 7, kModelOpset = 8, kModelMetadata = 14 };
enum OperatorSetId { kOpsetDomain = 1, kOpsetVersion = 2 };
enum StringStringEntry { kEntryKey = 1, kEntryValue = 2 };
enum Graph { kGraphNode = 1, kGraphName = 2, kGraphInitializer = 5, kGraphInput = 11, kGraphOutput = 12 };
enum Node { kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeOpType = 4, kNodeAttribute = 5, kNodeDomain = 7 };
enum Attribute { kAttributeName = 1, kAttributeInt = 3, kAttributeInts = 8, kAttributeType = 20 };
enum AttributeType { kTypeInt = 2, kTypeInts = 7 };
enum Tensor { kTensorDims = 1, kTensorDataType = 2, kTensorName = 8, kTensorRawData = 9 };
enum DataType { kFloat = 1 };
enum ValueInfo { kValueName = 1, kValueType = 2 };
enum Type { kTypeTensor = 1 };
enum TypeTensor { kTypeTensorElement = 1, kTypeTensorShape = 2 };
enum Shape { kShapeDimension = 1 };
enum Dimension { kDimensionValue = 1, kDimensionName = 2 };

}  // namespace skein::onnx_fields
