#include "runtime/run/tensorboard_summary.h"

#include <nlohmann/json.hpp>

namespace skein {
namespace {

using nlohmann::json;

// Field numbers of tensorflow.Summary and its parts.
constexpr int kSummaryValue = 1;
constexpr int kValueTag = 1, kValueSimpleValue = 2, kValueImage = 4, kValueTensor = 8, kValueMetadata = 9;
constexpr int kImageHeight = 1, kImageWidth = 2, kImageColorspace = 3, kImageBytes = 4;
constexpr int kMetadataPlugin = 1, kPluginName = 1, kPluginContent = 2;
constexpr int kTensorType = 1, kTensorShape = 2, kTensorString = 8, kShapeDimension = 2, kDimensionLength = 1;
constexpr int kTypeString = 7, kRgb = 3;
// Of tensorboard.hparams.HParamsPluginData and google.protobuf.Value.
constexpr int kSessionStart = 3, kSessionEnd = 4;
constexpr int kStartParameters = 1, kStartGroup = 4, kStartTime = 5, kEndStatus = 1, kEndTime = 2;
constexpr int kMapKey = 1, kMapValue = 2, kValueNumber = 2, kValueString = 3, kValueBool = 4;
constexpr int kSuccess = 1, kFailure = 2, kRunning = 3;

ProtobufMessage summary_of(const ProtobufMessage& value) {
  return ProtobufMessage().add_message(kSummaryValue, value);
}

ProtobufMessage plugin_metadata(const std::string& plugin, const std::string& content) {
  return ProtobufMessage().add_message(kMetadataPlugin,
                                       ProtobufMessage().add_bytes(kPluginName, plugin).add_bytes(kPluginContent, content));
}

ProtobufMessage hparams_summary(const std::string& tag, int part, const ProtobufMessage& content) {
  const ProtobufMessage data = ProtobufMessage().add_message(part, content);
  return summary_of(
      ProtobufMessage().add_bytes(kValueTag, tag).add_message(kValueMetadata, plugin_metadata("hparams", data.bytes())));
}

ProtobufMessage parameter_value(const json& value) {
  if (value.is_boolean()) return ProtobufMessage().add_integer(kValueBool, value.get<bool>() ? 1 : 0);
  if (value.is_number()) return ProtobufMessage().add_double(kValueNumber, value.get<double>());
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
  return ProtobufMessage().add_bytes(kValueString, text);
}

}  // namespace

ProtobufMessage scalar_summary(const std::string& tag, double value) {
  return summary_of(ProtobufMessage().add_bytes(kValueTag, tag).add_float(kValueSimpleValue, static_cast<float>(value)));
}

ProtobufMessage image_summary(const std::string& tag, const EncodedPicture& picture) {
  ProtobufMessage image;
  image.add_integer(kImageHeight, picture.height)
      .add_integer(kImageWidth, picture.width)
      .add_integer(kImageColorspace, kRgb)
      .add_bytes(kImageBytes, picture.bytes);
  return summary_of(ProtobufMessage().add_bytes(kValueTag, tag).add_message(kValueImage, image));
}

ProtobufMessage text_summary(const std::string& tag, const std::string& text) {
  const ProtobufMessage one = ProtobufMessage().add_message(kShapeDimension, ProtobufMessage().add_integer(kDimensionLength, 1));
  ProtobufMessage tensor;
  tensor.add_integer(kTensorType, kTypeString).add_message(kTensorShape, one).add_bytes(kTensorString, text);
  return summary_of(ProtobufMessage()
                        .add_bytes(kValueTag, tag)
                        .add_message(kValueTensor, tensor)
                        .add_message(kValueMetadata, plugin_metadata("text", "")));
}

ProtobufMessage session_start_summary(const json& parameters, const std::string& name, double start) {
  ProtobufMessage session;
  for (const auto& [key, value] : parameters.items())
    if (!value.is_null())
      session.add_message(kStartParameters,
                          ProtobufMessage().add_bytes(kMapKey, key).add_message(kMapValue, parameter_value(value)));
  session.add_bytes(kStartGroup, name).add_double(kStartTime, start);
  return hparams_summary("_hparams_/session_start_info", kSessionStart, session);
}

ProtobufMessage session_end_summary(RunState state, double end) {
  const int status = state == RunState::kCompleted ? kSuccess : state == RunState::kPreempted ? kRunning : kFailure;
  return hparams_summary("_hparams_/session_end_info", kSessionEnd,
                         ProtobufMessage().add_integer(kEndStatus, status).add_double(kEndTime, end));
}

}  // namespace skein
