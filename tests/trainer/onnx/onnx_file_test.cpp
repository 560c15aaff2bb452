// The bytes of an ONNX file, and what they may hold. Without LibTorch.

#include <gtest/gtest.h>

#include <random>

#include "runtime/process/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "trainer/onnx/infer_shapes.h"
#include "trainer/onnx/onnx_file.h"
#include "trainer/onnx/wire_format.h"

namespace skein {
namespace {

OnnxModel small_model() {
  OnnxModel model;
  model.producer_name = "skein";
  model.producer_version = "1";
  model.graph_name = "small";
  model.metadata = {{"classes", "[\"a\"]"}};
  model.inputs = {{"images", {{0, "N"}, {2, ""}, {0, "height"}, {0, "width"}}}};
  model.outputs = {{"logits", {{0, "N"}, {3, ""}}}};
  model.initializers = {{"w", {4, 1, 3, 3}, std::vector<float>(36, 0.5f)}, {"b", {4}, {1, -2, 3e-30f, 4}},
                        {"fc.w", {3, 4}, std::vector<float>(12, 2)},       {"fc.b", {3}, {0, 0, 0}}};
  model.nodes = {{"conv", "Conv", {"images", "w", "b"}, {"conv"}, {{"strides", {{2, 2}}}, {"pads", {{1, 1, 1, 1}}}, {"group", {{2}, false}}}},
                 {"pool", "GlobalAveragePool", {"conv"}, {"pool"}, {}},
                 {"flat", "Flatten", {"pool"}, {"flat"}, {{"axis", {{1}, false}}}},
                 {"fc", "Gemm", {"flat", "fc.w", "fc.b"}, {"logits"}, {{"transB", {{1}, false}}}}};
  return model;
}

OnnxModel decoded(const std::string& bytes) {
  return decode_onnx(std::as_bytes(std::span(bytes)), "m.onnx");
}

TEST(WireFormat, MatchesTheExamplesOfItsDocumentation) {  // protobuf.dev/programming-guides/encoding
  ProtoMessage inner;
  inner.add(1, std::int64_t{150});
  ProtoMessage message;
  message.add(2, "testing");
  message.add(3, inner);
  const std::vector<std::int64_t> packed{3, 270, 86942};
  message.add(6, packed);
  message.add(1, std::int64_t{-2});
  std::string bytes;
  message.for_each_piece([&](std::string_view piece) { bytes += piece; });
  const std::string expected("\x12\x07testing\x1a\x03\x08\x96\x01\x32\x06\x03\x8e\x02\x9e\xa7\x05\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 33);
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ(message.num_bytes(), bytes.size());
}

TEST(OnnxFile, GivesBackWhatWasWritten) {
  const OnnxModel model = small_model();
  const OnnxModel read = decoded(encode_onnx(model));
  EXPECT_EQ(read.ir_version, 8);
  EXPECT_EQ(read.opset, 17);
  EXPECT_EQ(read.producer_name + read.producer_version + read.graph_name, "skein1small");
  EXPECT_EQ(read.metadata, model.metadata);
  EXPECT_EQ(read.inputs.at(0).shape, model.inputs[0].shape);
  EXPECT_EQ(read.outputs.at(0).shape, model.outputs[0].shape);
  ASSERT_EQ(read.nodes.size(), model.nodes.size());
  for (std::size_t i = 0; i < read.nodes.size(); ++i) {
    EXPECT_EQ(read.nodes[i].op_type, model.nodes[i].op_type);
    EXPECT_EQ(read.nodes[i].inputs, model.nodes[i].inputs);
    EXPECT_EQ(read.nodes[i].outputs, model.nodes[i].outputs);
    EXPECT_EQ(read.nodes[i].attributes, model.nodes[i].attributes) << model.nodes[i].name;
  }
  ASSERT_EQ(read.initializers.size(), 4u);
  EXPECT_EQ(read.initializers[1].values, model.initializers[1].values);
  EXPECT_EQ(read.initializers[0].shape, model.initializers[0].shape);
}

TEST(OnnxFile, IsWrittenWholeAndTheSameEachTime) {
  const TemporaryDirectory folder;
  write_onnx(small_model(), folder.path() / "m.onnx");
  EXPECT_EQ(file_contents(folder.path() / "m.onnx"), encode_onnx(small_model()));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_ERROR(StorageError, "nowhere/m.onnx", write_onnx(small_model(), folder.path() / "nowhere/m.onnx"));
}

TEST(OnnxFile, DamagedBytesAreRefused) {
  const std::string bytes = encode_onnx(small_model());
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    try {
      const OnnxModel read = decoded(bytes.substr(0, length));
      EXPECT_LT(read.metadata.size() + read.nodes.size(), 5u) << length;  // between two fields of the model
    } catch (const DataError&) {
    }
  }
  std::minstd_rand random(3);
  for (int i = 0; i < 2000; ++i) {  // no crash, no memory beyond the bytes
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      infer_shapes(decoded(damaged), {2, 2, 8, 8});
    } catch (const Error&) {
    }
  }
}

TEST(OnnxFile, WhatIsNotUnderstoodIsNotPassedOver) {
  ProtoMessage message;
  message.add(20, "training");  // ModelProto.training_info
  std::string bytes = encode_onnx(small_model());
  message.for_each_piece([&](std::string_view piece) { bytes += piece; });
  EXPECT_ERROR(DataError, "m.onnx holds field 20 of the model", decoded(bytes));
}

TEST(InferShapes, FollowsTheOperators) {
  const OnnxShapes shapes = infer_shapes(small_model(), {7, 2, 9, 12});
  EXPECT_EQ(shapes.at("conv"), (std::vector<std::int64_t>{7, 4, 5, 6}));
  EXPECT_EQ(shapes.at("pool"), (std::vector<std::int64_t>{7, 4, 1, 1}));
  EXPECT_EQ(shapes.at("logits"), (std::vector<std::int64_t>{7, 3}));
}

TEST(InferShapes, NamesTheNodeThatDoesNotFit) {
  const auto refused = [](const std::string& complaint, auto&& change) {
    OnnxModel model = small_model();
    change(model);
    EXPECT_ERROR(DataError, complaint, infer_shapes(model, {1, 2, 8, 8}));
  };
  refused("conv (Conv) has weights of other channels", [](OnnxModel& m) { m.nodes[0].attributes["group"].values = {1}; });
  refused("conv (Conv) has a bias of other channels", [](OnnxModel& m) { m.initializers[1].shape = {3}; });
  refused("kernel larger than its input", [](OnnxModel& m) { m.nodes[0].attributes["dilations"] = {{9, 9}}; });
  refused("attribute auto_pad", [](OnnxModel& m) { m.nodes[0].attributes["auto_pad"] = {{1}}; });
  refused("fc (Gemm) has weights of another shape", [](OnnxModel& m) { m.initializers[2].shape = {4, 3}; });
  refused("needs nothing, which is not there", [](OnnxModel& m) { m.nodes[1].inputs = {"nothing"}; });
  refused("Softmax", [](OnnxModel& m) { m.nodes[1].op_type = "Softmax"; });
  refused("the ONNX value conv is there twice", [](OnnxModel& m) { m.nodes[1].outputs = {"conv"}; });
  refused("logits is not the output", [](OnnxModel& m) { m.outputs[0].shape[1].value = 4; });
  refused("images cannot be of shape [1, 2, 8, 8]", [](OnnxModel& m) { m.inputs[0].shape[1].value = 3; });
}

}  // namespace
}  // namespace skein
