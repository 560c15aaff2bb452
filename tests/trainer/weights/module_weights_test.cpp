#include "trainer/weights/module_weights.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "runtime/process/error.h"
#include "tests/trainer/weights/python.h"
#include "trainer/weights/tensor_file.h"

namespace skein::test {
namespace {

namespace nn = torch::nn;

struct NetImpl : nn::Module {
  explicit NetImpl(int64_t num_classes, int64_t num_channels = 4)
      : conv(register_module("conv", nn::Conv2d(nn::Conv2dOptions(3, num_channels, 3)))),
        norm(register_module("norm", nn::BatchNorm2d(num_channels))),
        fc(register_module("fc", nn::Linear(num_channels, num_classes))) {
    register_buffer("unused", torch::Tensor());
    norm->num_batches_tracked.fill_(5);
  }
  nn::Conv2d conv;
  nn::BatchNorm2d norm;
  nn::Linear fc;
};
TORCH_MODULE(Net);

TensorFile state_of(const Net& net) {
  TensorFile file;
  for (const auto& item : net->named_parameters()) file.tensors[item.key()] = item.value().detach().clone();
  for (const auto& item : net->named_buffers()) {
    if (item.value().defined()) file.tensors[item.key()] = item.value().clone();
  }
  return file;
}

void expect_equal(const TensorFile& a, const TensorFile& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) EXPECT_TRUE(torch::equal(tensor, b.tensors.at(name))) << name;
}

/// What loading complains about; the module must be unchanged then.
std::string complaint(const Net& net, const std::string& path, const LoadOptions& options = {}) {
  const TensorFile before = state_of(net);
  try {
    load_weights(*net.ptr(), path, options);
    return "";
  } catch (const DataError& error) {
    expect_equal(state_of(net), before);
    return error.what();
  }
}

TEST(ModuleWeights, ComeBackAsTheyWereSaved) {
  const TemporaryFolder folder;
  const Net saved(3), loaded(3);
  save_weights(*saved, folder.path("w"), {{"note", "x"}});
  const torch::Tensor same = loaded->conv->weight;
  const LoadReport report = load_weights(*loaded.ptr(), folder.path("w"));
  EXPECT_EQ(report.format, "safetensors");
  EXPECT_EQ(report.num_loaded, 9);
  EXPECT_EQ(report.metadata.at("note"), "x");
  EXPECT_TRUE(report.replaced.empty());
  expect_equal(state_of(loaded), state_of(saved));
  EXPECT_TRUE(same.is_same(loaded->conv->weight));
  EXPECT_TRUE(same.requires_grad());
}

TEST(ModuleWeights, AreTheSameBytesInEveryMemoryFormat) {
  const TemporaryFolder folder;
  const Net net(3);
  save_weights(*net, folder.path("a"));
  net->conv->weight.set_data(net->conv->weight.detach().contiguous(torch::MemoryFormat::ChannelsLast));
  save_weights(*net, folder.path("b"));
  EXPECT_EQ(file_contents(folder.path("a")), file_contents(folder.path("b")));

  const Net loaded(3);
  loaded->conv->weight.set_data(loaded->conv->weight.detach().contiguous(torch::MemoryFormat::ChannelsLast));
  load_weights(*loaded.ptr(), folder.path("a"));
  EXPECT_TRUE(loaded->conv->weight.is_contiguous(torch::MemoryFormat::ChannelsLast));
  expect_equal(state_of(loaded), state_of(net));
}

TEST(ModuleWeights, NameEverythingThatDoesNotFitAndChangeNothing) {
  const TemporaryFolder folder;
  TensorFile file = state_of(Net(3));
  file.tensors.erase("conv.bias");
  file.tensors.erase("norm.running_var");
  file.tensors["extra"] = torch::ones({2, 2});
  file.tensors["norm.weight"] = torch::ones({7});
  file.tensors["norm.running_mean"] = torch::ones({4}, torch::kInt32);
  write_tensor_file(folder.path("w"), file);
  const std::string text = complaint(Net(3), folder.path("w"));
  for (const std::string part :
       {"missing: conv.bias [4]", "missing: norm.running_var [4]", "not in the model: extra [2, 2]",
        "other shape: norm.weight is [7] in the file, [4] in the model", "other type: norm.running_mean is I32"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
  }
  EXPECT_EQ(text.find("fc."), std::string::npos) << text;
}

TEST(ModuleWeights, ReplaceTheHeadForAnotherNumberOfClasses) {
  const TemporaryFolder folder;
  const Net saved(3), loaded(2);
  save_weights(*saved, folder.path("w"));
  TensorFile expected = state_of(saved);
  expected.tensors["fc.weight"] = loaded->fc->weight.detach().clone();
  expected.tensors["fc.bias"] = loaded->fc->bias.detach().clone();
  const LoadReport report = load_weights(*loaded.ptr(), folder.path("w"));
  EXPECT_EQ(report.num_loaded, 7);
  EXPECT_EQ(report.replaced, (std::vector<std::string>{"fc.bias: [3] in the file, [2] in the model",
                                                       "fc.weight: [3, 4] in the file, [2, 4] in the model"}));
  expect_equal(state_of(loaded), expected);
}

TEST(ModuleWeights, ReplaceTheHeadOnlyWhereTheNumberOfClassesDiffersAlone) {
  const TemporaryFolder folder;
  save_weights(*Net(3), folder.path("w"));
  EXPECT_NE(complaint(Net(2), folder.path("w"), {.head = LoadOptions::Head::kExact}).find("fc.weight is [3, 4]"),
            std::string::npos);
  EXPECT_NE(complaint(Net(2), folder.path("w"), {.head_name = "norm"}).find("fc.weight is [3, 4]"), std::string::npos);
  EXPECT_NE(complaint(Net(2, 5), folder.path("w")).find("fc.weight is [3, 4]"), std::string::npos);
}

TEST(ModuleWeights, ReplaceTheHeadWhenTold) {
  const TemporaryFolder folder;
  const LoadOptions replace = {.head = LoadOptions::Head::kReplace};
  save_weights(*Net(3), folder.path("w"));
  EXPECT_EQ(load_weights(*Net(3).ptr(), folder.path("w"), replace).replaced.size(), 2u);

  TensorFile headless = state_of(Net(3));
  headless.tensors.erase("fc.weight");
  headless.tensors.erase("fc.bias");
  write_tensor_file(folder.path("h"), headless);
  EXPECT_EQ(load_weights(*Net(3).ptr(), folder.path("h"), replace).replaced.front(),
            "fc.bias: absent in the file, [3] in the model");
  EXPECT_NE(complaint(Net(3), folder.path("h")).find("missing: fc.bias [3]"), std::string::npos);
}

TEST(ModuleWeights, LoseThePrefixOfDistributedDataParallel) {
  const TemporaryFolder folder;
  const Net saved(3), loaded(3);
  TensorFile wrapped;
  for (const auto& [name, tensor] : state_of(saved).tensors) wrapped.tensors["module." + name] = tensor;
  write_tensor_file(folder.path("w"), wrapped);
  load_weights(*loaded.ptr(), folder.path("w"));
  expect_equal(state_of(loaded), state_of(saved));

  wrapped.tensors["other"] = torch::ones({1});
  write_tensor_file(folder.path("mixed"), wrapped);
  EXPECT_NE(complaint(Net(3), folder.path("mixed")).find("not in the model: module.conv.bias"), std::string::npos);
}

TEST(ModuleWeights, AreReadFromFilesWithoutBatchCountsAndInOtherPrecisions) {
  const TemporaryFolder folder;
  TensorFile file = state_of(Net(3));
  file.tensors.erase("norm.num_batches_tracked");
  file.tensors["conv.weight"] = file.tensors["conv.weight"].to(torch::kBFloat16);
  file.tensors["conv.bias"] = file.tensors["conv.bias"].to(torch::kFloat64);
  write_tensor_file(folder.path("w"), file);
  const Net net(3);
  EXPECT_EQ(load_weights(*net.ptr(), folder.path("w")).num_loaded, 8);
  EXPECT_EQ(net->norm->num_batches_tracked.item<int64_t>(), 0);
  EXPECT_TRUE(torch::equal(net->conv->weight, file.tensors["conv.weight"].to(torch::kFloat32)));
  EXPECT_EQ(net->conv->bias.scalar_type(), torch::kFloat32);
}

TEST(TensorFile, RefusesTypesThatFilesDoNotHold) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_tensor_file(folder.path("w"), {{{"c", torch::ones({1}, torch::kComplexFloat)}}, {}}), UsageError);
}

/// One test case, because starting Python with torch takes seconds.
TEST(TensorFile, IsUnderstoodByPythonAndUnderstandsIt) {
  const TemporaryFolder folder;
  ASSERT_TRUE(run_python("weights/exchange.py", {"make", folder.path()}));
  std::map<std::string, std::string> refusals;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const std::string path = entry.path(), name = entry.path().filename();
    if (!name.starts_with("refused.")) {
      write_tensor_file(path + ".out", read_tensor_file(path));
      continue;
    }
    try {
      read_tensor_file(path);
    } catch (const DataError& error) {
      refusals[entry.path().extension()] = error.what();
    }
  }
  const std::map<std::string, std::string> expected = {{".legacy", "before PyTorch 1.6"},
                                                       {".evil", "posix.system"},
                                                       {".module", "torch.nn.modules.linear.Linear"},
                                                       {".protocol", "protocol 4"},
                                                       {".complex", "torch.ComplexFloatStorage"},
                                                       {".script", "TorchScript"}};
  for (const auto& [name, part] : expected) {
    EXPECT_NE(refusals[name].find(part), std::string::npos) << name << ": " << refusals[name];
  }
  EXPECT_FALSE(std::filesystem::exists("owned"));
  EXPECT_TRUE(run_python("weights/exchange.py", {"check", folder.path()}));
}

}  // namespace
}  // namespace skein::test
