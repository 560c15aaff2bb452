#include "trainer/models/resnet.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "runtime/process/error.h"
#include "tests/trainer/weights/python.h"
#include "trainer/models/autocast.h"
#include "trainer/models/memory_format.h"
#include "trainer/weights/module_weights.h"
#include "trainer/weights/tensor_file.h"

namespace skein::test {
namespace {

constexpr int64_t kNumClasses = 10;
constexpr double kTolerance = 1e-4;

double max_difference(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return a.numel() == 0 ? 0 : (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

/// What reference_resnet.py computed with the same weights.
class Reference {
 public:
  explicit Reference(const std::string& name) : name_(name) {
    if (!run_python("models/reference_resnet.py", {name, folder_.path()})) return;
    results_ = read_tensor_file(folder_.path("results.safetensors")).tensors;
  }
  bool exists() const { return !results_.empty(); }
  std::string weights(const std::string& suffix) const { return folder_.path("weights" + suffix); }
  const torch::Tensor& operator[](const std::string& key) const { return results_.at(key); }

  Resnet model() const {
    Resnet model = make_resnet(name_, kNumClasses);
    load_weights(*model, weights(".safetensors"));
    return model;
  }

 private:
  TemporaryFolder folder_;
  std::string name_;
  std::map<std::string, torch::Tensor> results_;
};

void compare_step(Resnet model, const Reference& reference, const std::string& mode) {
  model->train(mode == "train");
  const auto logits = model(reference["images"]);
  EXPECT_LT(max_difference(logits, reference[mode + ".logits"]), kTolerance) << mode;
  torch::nn::functional::cross_entropy(logits, reference["targets"]).backward();
  for (const auto& parameter : model->named_parameters()) {
    const double difference = max_difference(parameter->grad(), reference[mode + ".gradient." + parameter.key()]);
    EXPECT_LT(difference, kTolerance) << mode << " gradient of " << parameter.key();
  }
  if (mode == "eval") return;
  for (const auto& buffer : model->named_buffers()) {
    EXPECT_LT(max_difference(buffer.value(), reference["train.buffer." + buffer.key()]), kTolerance) << buffer.key();
  }
}

void compare_initial_weights(const std::string& name, const Reference& reference) {
  torch::manual_seed(7);
  const Resnet model = make_resnet(name, kNumClasses);
  const auto expected = read_tensor_file(reference.weights(".safetensors")).tensors;
  for (const auto& parameter : model->named_parameters()) {
    if (parameter->dim() != 4 && parameter.key().substr(0, 3) != "fc.") continue;  // BatchNorms were changed there
    EXPECT_TRUE(torch::equal(parameter.value(), expected.at(parameter.key()))) << parameter.key();
  }
}

void expect_equal_state(const torch::nn::Module& a, const torch::nn::Module& b) {
  const auto parameters = b.named_parameters();
  for (const auto& item : a.named_parameters()) {
    EXPECT_TRUE(torch::equal(item.value(), parameters[item.key()])) << item.key();
  }
  const auto buffers = b.named_buffers();
  for (const auto& item : a.named_buffers()) {
    EXPECT_TRUE(torch::equal(item.value(), buffers[item.key()])) << item.key();
  }
}

class ResnetAgainstPyTorch : public testing::TestWithParam<const char*> {};

/// One test case for everything, because the reference takes seconds.
TEST_P(ResnetAgainstPyTorch, HasTheSameNumerics) {
  torch::set_num_threads(1);  // as the reference: BatchNorm over few values magnifies the last bit of a sum
  const Reference reference(GetParam());
  ASSERT_TRUE(reference.exists());
  compare_initial_weights(GetParam(), reference);
  compare_step(reference.model(), reference, "eval");
  compare_step(reference.model(), reference, "train");

  Resnet model = make_resnet(GetParam(), kNumClasses);
  EXPECT_EQ(load_weights(*model, reference.weights(".pth")).format, "pth");
  expect_equal_state(*model, *reference.model());

  model->eval();
  const torch::NoGradGuard no_grad;
  const AutocastGuard autocast;
  const auto logits = model(reference["images"]);
  EXPECT_EQ(logits.scalar_type(), torch::kBFloat16);
  EXPECT_LT(max_difference(logits, reference["eval.bf16_logits"]), 0.02);
}

INSTANTIATE_TEST_SUITE_P(Small, ResnetAgainstPyTorch, testing::Values("resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2"),
                         [](const auto& info) { return std::string(info.param); });

int64_t num_parameters(const torch::nn::Module& module) {
  int64_t sum = 0;
  for (const auto& parameter : module.parameters()) sum += parameter.numel();
  return sum;
}

TEST(Resnet, HasTorchvisionsNumberOfParameters) {
  const std::map<std::string, int64_t> expected = {{"resnet18", 11689512},
                                                   {"resnet34", 21797672},
                                                   {"resnet50", 25557032},
                                                   {"resnet101", 44549160},
                                                   {"resnet152", 60192808},
                                                   {"resnext50_32x4d", 25028904},
                                                   {"resnext101_32x8d", 88791336},
                                                   {"resnext101_64x4d", 83455272},
                                                   {"wide_resnet50_2", 68883240},
                                                   {"wide_resnet101_2", 126886696}};
  for (const std::string& name : resnet_names()) {
    EXPECT_EQ(num_parameters(*make_resnet(name, 1000)), expected.at(name)) << name;
  }
}

TEST(Resnet, NamesAndOrdersItsStateAsTorchvision) {
  const Resnet model = make_resnet("resnet18", kNumClasses);
  const auto names = model->named_parameters().keys();
  EXPECT_EQ(names.front(), "conv1.weight");
  EXPECT_EQ(names.back(), "fc.bias");
  const std::vector<std::string> some = {"layer1.0.conv1.weight", "layer2.0.bn2.bias", "layer2.0.downsample.0.weight",
                                         "layer2.0.downsample.1.weight", "layer4.1.conv2.weight"};
  auto position = names.begin();
  for (const std::string& name : some) {
    position = std::find(position, names.end(), name);
    EXPECT_NE(position, names.end()) << name;
  }
  EXPECT_TRUE(model->named_buffers().contains("layer3.1.bn1.num_batches_tracked"));
}

TEST(Resnet, StartsBlocksAsIdentityWhenAsked) {
  const std::map<std::string, std::string> last_norm = {{"resnet18", "bn2"}, {"resnet50", "bn3"}};
  for (const auto& [name, norm] : last_norm) {
    const Resnet model = make_resnet(name, kNumClasses, {.zero_init_residual = true});
    for (const auto& parameter : model->named_parameters()) {
      if (parameter.key().find("bn") == std::string::npos || !parameter.key().ends_with(".weight")) continue;
      const bool zero = parameter.key().find("." + norm + ".") != std::string::npos;
      EXPECT_EQ(parameter->abs().sum().item<float>() == 0, zero) << parameter.key();
    }
  }
}

TEST(Resnet, RefusesUnknownNamesAndNoClasses) {
  try {
    make_resnet("resnet19", 10);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("resnet18, resnet34, resnet50, resnet101, resnet152, resnext50_32x4d"), std::string::npos);
  }
  EXPECT_THROW(make_resnet("resnet18", 0), UsageError);
}

TEST(Resnet, TrainsUnderAutocastInChannelsLast) {
  Resnet model = make_resnet("resnet18", kNumClasses);
  to_channels_last(*model);
  const auto images = torch::randn({2, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
  torch::Tensor loss;
  {
    const AutocastGuard autocast;
    loss = torch::nn::functional::cross_entropy(model(images).to(torch::kFloat32), torch::tensor({1, 2}));
  }
  loss.backward();
  for (const auto& parameter : model->named_parameters()) {
    ASSERT_TRUE(parameter->grad().defined()) << parameter.key();
    EXPECT_EQ(parameter->grad().scalar_type(), torch::kFloat32) << parameter.key();
    EXPECT_TRUE(parameter->grad().isfinite().all().item<bool>()) << parameter.key();
  }
}

/// In double precision, where another order of summation cannot hide a mistake.
TEST(Resnet, ComputesTheSameInChannelsLast) {
  for (const char* name : {"resnet18", "resnet50"}) {
    const auto images = torch::randn({4, 3, 32, 32}, torch::kFloat64);
    Resnet models[] = {make_resnet(name, kNumClasses), make_resnet(name, kNumClasses)};
    torch::Tensor logits[2];
    for (int i = 0; i < 2; ++i) {
      models[i]->to(torch::kFloat64);
      torch::manual_seed(1);
      for (auto& parameter : models[i]->parameters()) parameter.detach().uniform_(-0.1, 0.1);
      if (i == 1) to_channels_last(*models[i]);
      logits[i] = models[i](i == 1 ? images.contiguous(torch::MemoryFormat::ChannelsLast) : images);
      logits[i].square().sum().backward();
    }
    EXPECT_LT(max_difference(logits[0], logits[1]), 1e-8) << name;
    const auto parameters = models[1]->named_parameters();
    for (const auto& parameter : models[0]->named_parameters()) {
      const auto& other = parameters[parameter.key()];
      const double scale = 1 + parameter->grad().abs().max().item<double>();
      EXPECT_LT(max_difference(parameter->grad(), other.grad()) / scale, 1e-8) << name << " " << parameter.key();
    }
  }
}

TEST(ToChannelsLast, KeepsValuesAndIdentities) {
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(3, 4, 3));
  const torch::Tensor same = conv->weight;
  const auto before = conv->weight.detach().clone();
  to_channels_last(*conv);
  EXPECT_TRUE(same.is_contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(same.requires_grad());
  EXPECT_TRUE(torch::equal(same, before));
}

TEST(AutocastGuard, NestsAndRestores) {
  const auto type_of_product = [] { return torch::mm(torch::ones({2, 2}), torch::ones({2, 2})).scalar_type(); };
  {
    const AutocastGuard outer;
    EXPECT_EQ(type_of_product(), torch::kBFloat16);
    {
      const AutocastGuard off(torch::kCPU, torch::kBFloat16, /*enabled=*/false);
      EXPECT_EQ(type_of_product(), torch::kFloat32);
    }
    {
      const AutocastGuard half(torch::kCPU, torch::kFloat16);
      EXPECT_EQ(type_of_product(), torch::kFloat16);
    }
    EXPECT_EQ(type_of_product(), torch::kBFloat16);
  }
  EXPECT_EQ(type_of_product(), torch::kFloat32);
}

}  // namespace
}  // namespace skein::test
