// Networks as ONNX files: computed again by Skein's interpreter, and by onnxruntime in a process of its own.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "tests/support/expect_error.h"
#include "tests/trainer/weights/python.h"
#include "trainer/data/import/idx_file.h"
#include "trainer/models/resnet.h"
#include "trainer/onnx/export_onnx.h"
#include "trainer/onnx/interpreter.h"
#include "trainer/onnx/onnx_file.h"
#include "trainer/onnx/resnet_graph.h"
#include "trainer/weights/module_weights.h"
#include "trainer/weights/tensor_file.h"

namespace skein::test {
namespace {

namespace fs = std::filesystem;
namespace nn = torch::nn;

constexpr const char* kFashionMnist = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";

/// Fresh BatchNorms are all alike; give each its own weights and statistics.
void tell_norms_apart(nn::Module& network) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : network.modules())
    if (auto* norm = module->as<nn::BatchNorm2dImpl>()) {
      norm->weight.uniform_(0.5, 1);
      norm->bias.uniform_(-0.2, 0.2);
      norm->running_mean.uniform_(-0.2, 0.2);
      norm->running_var.uniform_(0.5, 1.5);
    }
}

Resnet network(const std::string& name, std::int64_t num_classes = 10) {
  torch::manual_seed(5);
  Resnet made = make_resnet(name, num_classes);
  tell_norms_apart(*made);
  made->eval();
  return made;
}

/// [count, 3, side, side], normalised as the trainer does.
torch::Tensor real_images(std::int64_t count, std::int64_t side) {
  const IdxImages all = read_idx_images(kFashionMnist);
  torch::Tensor grey = torch::from_blob(const_cast<std::uint8_t*>(all.pixels.data()), {count, 1, all.height, all.width}, torch::kUInt8);
  namespace F = torch::nn::functional;
  grey = F::interpolate(grey.to(torch::kFloat32) / 255,
                        F::InterpolateFuncOptions().size(std::vector<std::int64_t>{side, side}).mode(torch::kBilinear).align_corners(false));
  const torch::Tensor mean = torch::tensor({0.485f, 0.456f, 0.406f}).view({1, 3, 1, 1});
  const torch::Tensor deviation = torch::tensor({0.229f, 0.224f, 0.225f}).view({1, 3, 1, 1});
  return (grey - mean) / deviation;
}

OnnxDescription description(const std::string& model, std::int64_t num_classes) {
  OnnxDescription made{.model = model};
  for (std::int64_t i = 0; i < num_classes; ++i) made.classes.push_back("class " + std::to_string(i));
  return made;
}

class OnnxRuntime : public ::testing::TestWithParam<std::pair<const char*, std::int64_t>> {};

TEST_P(OnnxRuntime, ComputesTheNetworksLogitsOfRealImages) {
  const auto& [name, side] = GetParam();
  const TemporaryFolder folder;
  Resnet model = network(name);
  const OnnxExport done = export_onnx(*model, description(name, 10), folder.path("model.onnx"));
  EXPECT_LT(done.max_difference, 1e-5);
  EXPECT_GT(done.largest_logit, 0.1);
  EXPECT_EQ(done.num_bytes, fs::file_size(done.file));
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = real_images(100, side);
  write_tensor_file(folder.path("reference.safetensors"), {{{"images", images}, {"logits", model->forward(images)}}, {}});
  EXPECT_TRUE(run_python("onnx/check_onnx.py", {done.file, folder.path("reference.safetensors"), "10"}));
  EXPECT_TRUE(run_python("onnx/check_onnx.py", {done.file, done.sample, "10"}));
}
INSTANTIATE_TEST_SUITE_P(Networks, OnnxRuntime, ::testing::Values(std::pair{"resnet18", 128}, std::pair{"resnet50", 96}),
                         [](const auto& info) { return std::string(info.param.first); });

TEST(OnnxExport, EveryModelOfTheTrainerCan) {
  for (ResnetShape shape : kResnets) {
    shape.num_blocks = {1, 2, 1, 1};  // of every kind, and less to compute
    torch::manual_seed(3);
    Resnet model(shape, 4);
    tell_norms_apart(*model);
    model->eval();
    const torch::NoGradGuard no_grad;
    const torch::Tensor images = torch::randn({3, 3, 65, 40});
    const std::string bytes = encode_onnx(resnet_graph(*model, shape.name));
    const OnnxModel read = decode_onnx(std::as_bytes(std::span(bytes)), shape.name);
    EXPECT_LT((run_onnx(read, images) - model->forward(images)).abs().max().item<double>(), 1e-5) << shape.name;
  }
}

/// A block with everything that a convolution can have, within a network of ResNet's names.
struct OddBlock : nn::Module {
  OddBlock() {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    register_module("downsample", downsample);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return torch::relu(bn2(conv2(torch::relu(bn1(conv1(x))))) + downsample->forward(x));
  }
  nn::Conv2d conv1{nn::Conv2dOptions(8, 16, {5, 3}).stride({2, 1}).padding({2, 1}).groups(4).bias(true)};
  nn::BatchNorm2d bn1{nn::BatchNorm2dOptions(16).eps(0.1)};
  nn::Conv2d conv2{nn::Conv2dOptions(16, 12, 3).padding(2).dilation(2).bias(false)};
  nn::BatchNorm2d bn2{nn::BatchNorm2dOptions(12).affine(false)};
  nn::Sequential downsample{nn::Conv2d(nn::Conv2dOptions(8, 12, 1).stride({2, 1})), nn::BatchNorm2d(12)};
};

struct OddNetwork : nn::Module {
  OddNetwork() {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    layers[0]->push_back(block);
    for (int i = 0; i < 4; ++i) register_module("layer" + std::to_string(i + 1), layers[i]);
    register_module("fc", fc);
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(bn1(conv1(x))), 3, 2, 1);
    return fc(block->forward(x).mean({2, 3}));
  }
  nn::Conv2d conv1{nn::Conv2dOptions(3, 8, 3)};
  nn::BatchNorm2d bn1{8};
  std::shared_ptr<OddBlock> block = std::make_shared<OddBlock>();
  nn::Sequential layers[4];
  nn::Linear fc{nn::LinearOptions(12, 5).bias(false)};
};

TEST(OnnxExport, TakesEveryNumberFromTheModules) {
  torch::manual_seed(3);
  OddNetwork model;
  const torch::NoGradGuard no_grad;
  for (auto& norm : {model.bn1, model.block->bn1, model.block->bn2}) {
    norm->running_mean.uniform_(-0.5, 0.5);
    norm->running_var.uniform_(0.2, 2);
  }
  model.eval();
  const torch::Tensor images = torch::randn({2, 3, 30, 41});
  EXPECT_LT((run_onnx(resnet_graph(model, "odd"), images) - model.forward(images)).abs().max().item<double>(), 1e-5);
}

TEST(OnnxExport, OtherNetworksAreRefused) {
  EXPECT_ERROR(UsageError, "odd is not built as a ResNet", resnet_graph(*nn::Sequential(nn::Linear(3, 3)), "odd"));
  OddNetwork model;
  model.block->register_module("attention", nn::Linear(3, 3));
  EXPECT_ERROR(UsageError, "layer1.0 is no block of a ResNet", resnet_graph(model, "odd"));
  OddNetwork padded;
  padded.conv1->options.padding_mode(torch::kReflect);
  EXPECT_ERROR(UsageError, "conv1 pads by something else", resnet_graph(padded, "odd"));
}

TEST(OnnxExport, WeightsThatAreNotFiniteAreRefused) {
  const TemporaryFolder folder;
  Resnet model = network("resnet18", 3);
  const torch::NoGradGuard no_grad;
  model->named_parameters()["layer3.0.bn1.weight"][2].fill_(std::numeric_limits<float>::infinity());
  EXPECT_ERROR(UsageError, "layer3.0.conv1.weight has values that are not finite",
               export_onnx(*model, description("resnet18", 3), folder.path("m.onnx")));
  EXPECT_FALSE(fs::exists(folder.path("m.onnx")));
}

TEST(OnnxExport, WeightsOfAnotherModelOrClassesAreRefused) {
  const TemporaryFolder folder;
  save_weights(*network("resnet18", 3), folder.path("w.safetensors"));
  const std::string out = folder.path("m.onnx");
  EXPECT_ERROR(DataError, "layer1.2.bn1.weight", export_weights(folder.path("w.safetensors"), description("resnet34", 3), out));
  EXPECT_ERROR(DataError, "tells 3 classes apart, but there are 2", export_weights(folder.path("w.safetensors"), description("resnet18", 2), out));
  EXPECT_FALSE(fs::exists(out));
  const OnnxExport done = export_weights(folder.path("w.safetensors"), description("resnet18", 3), out);
  EXPECT_EQ(done.facts().at("opset"), 17);
  EXPECT_NE(done.summary().find("m.onnx: ONNX opset 17, 49 nodes, 44 MB"), std::string::npos) << done.summary();
  const auto sample = read_tensor_file(done.sample).tensors;
  EXPECT_EQ(sample.at("images").sizes().vec(), (std::vector<std::int64_t>{2, 3, 224, 224}));
  EXPECT_EQ(sample.at("logits").sizes().vec(), (std::vector<std::int64_t>{2, 3}));
}

}  // namespace
}  // namespace skein::test
