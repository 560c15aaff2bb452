#include "trainer/parameter_groups.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "runtime/process/error.h"
#include "tests/support/expect_error.h"
#include "trainer/models/resnet.h"
#include "trainer/parallel/distributed_optimizer.h"

namespace skein {
namespace {

const SgdOptions kRule{.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4};

/// Rate and decay of every trained parameter, by name; parameters in two groups are an error.
std::map<std::string, std::pair<double, double>> settings_of(const torch::nn::Module& module, const UpdateOptions& rule,
                                                             const std::vector<ParameterGroup>& groups) {
  std::map<std::string, std::pair<double, double>> settings;
  for (const ParameterGroup& group : groups)
    for (const std::string& name : group.parameters)
      EXPECT_TRUE(settings.try_emplace(name, learning_rate_of(group.options), weight_decay_of(group.options)).second) << name;
  for (const auto& parameter : module.named_parameters())
    if (parameter->requires_grad()) settings.try_emplace(parameter.key(), learning_rate_of(rule), weight_decay_of(rule));
  return settings;
}

bool is_of_norm(const std::string& name) {
  return name.find("bn") != std::string::npos || name.find("downsample.1") != std::string::npos;
}

TEST(ParameterGroups, AreNoneWithoutOptions) {
  Resnet model = make_resnet("resnet18", 10);
  EXPECT_TRUE(parameter_groups(*model, kRule, {}).empty());
  EXPECT_TRUE(parameter_groups(*model, kRule, {.head_lr = 0.1, .norm_weight_decay = 1e-4}).empty()) << "what the rest has too";
  EXPECT_TRUE(describe_groups(*model, kRule, {}).empty());
}

/// As utils.set_weight_decay(model, 1e-4, norm, [("bias", bias)]) of torchvision's reference trainer divides them.
TEST(ParameterGroups, DecayAsTorchvisionHasThem) {
  Resnet model = make_resnet("resnet18", 10);
  struct Case {
    std::optional<double> norm, bias;
    double of_norm_weight, of_norm_bias, of_bias;
  };
  for (const Case& c : {Case{0.5, {}, 0.5, 0.5, 1e-4}, Case{{}, 0.25, 1e-4, 0.25, 0.25}, Case{0.5, 0.25, 0.5, 0.25, 0.25},
                        Case{0, 0, 0, 0, 0}}) {
    const auto groups = parameter_groups(*model, kRule, {.norm_weight_decay = c.norm, .bias_weight_decay = c.bias});
    for (const auto& [name, setting] : settings_of(*model, kRule, groups)) {
      const bool is_bias = name.ends_with(".bias");
      const double expected = is_of_norm(name) ? (is_bias ? c.of_norm_bias : c.of_norm_weight) : is_bias ? c.of_bias : 1e-4;
      EXPECT_EQ(setting.second, expected) << name;
      EXPECT_EQ(setting.first, 0.1) << name;
    }
  }
}

TEST(ParameterGroups, LarsAndLambLeaveNormsAndBiasesOut) {
  Resnet model = make_resnet("resnet18", 10);
  for (const UpdateOptions& rule : {UpdateOptions(LarsOptions{.weight_decay = 1e-4}), UpdateOptions(LambOptions{.weight_decay = 1e-4})}) {
    for (const auto& [name, setting] : settings_of(*model, rule, parameter_groups(*model, rule, {})))
      EXPECT_EQ(setting.second, is_of_norm(name) || name == "fc.bias" ? 0 : 1e-4) << name;
    const auto asked = settings_of(*model, rule, parameter_groups(*model, rule, {.norm_weight_decay = 1e-4}));
    EXPECT_EQ(asked.at("bn1.weight").second, 1e-4);
    EXPECT_EQ(asked.at("bn1.bias").second, 0);
  }
}

TEST(ParameterGroups, TheHeadHasARateOfItsOwn) {
  Resnet model = make_resnet("resnet18", 10);
  const ParameterGroupOptions options{.head_lr = 1, .bias_weight_decay = 0};
  for (const auto& [name, setting] : settings_of(*model, kRule, parameter_groups(*model, kRule, options))) {
    EXPECT_EQ(setting.first, name.starts_with("fc.") ? 1 : 0.1) << name;
    EXPECT_EQ(setting.second, name.ends_with(".bias") ? 0 : 1e-4) << name;
  }
  const std::vector<std::string> lines = describe_groups(*model, kRule, options);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "fc learns at 1, the rest at 0.1, before the schedule");
  EXPECT_EQ(lines[1], "weight decay 0.0001, of biases 0");
}

TEST(Freezing, EndsTheTrainingOfWhatIsNamed) {
  Resnet model = make_resnet("resnet18", 10);
  freeze_parameters(*model, {"conv1", "bn1", "layer1", "layer2.0.conv1", "layer3.1.bn2.bias"});
  EXPECT_EQ(frozen_names(*model), (std::vector<std::string>{"conv1", "bn1", "layer1", "layer2.0.conv1", "layer3.1.bn2.bias"}));
  for (const auto& parameter : model->named_parameters()) {
    const std::string& name = parameter.key();
    const bool is_meant = name.starts_with("conv1.") || name.starts_with("bn1.") || name.starts_with("layer1.") ||
                          name == "layer2.0.conv1.weight" || name == "layer3.1.bn2.bias";
    EXPECT_EQ(parameter->requires_grad(), !is_meant) << name;
  }
  std::set<std::string> frozen_norms;
  for (const auto& part : model->named_modules())
    if (const auto* norm = part.value()->as<torch::nn::BatchNorm2d>(); norm && is_frozen(*norm)) frozen_norms.insert(part.key());
  EXPECT_EQ(frozen_norms, (std::set<std::string>{"bn1", "layer1.0.bn1", "layer1.0.bn2", "layer1.1.bn1", "layer1.1.bn2"}))
      << "not layer3.1.bn2, whose weight learns on";
  for (const auto& group : parameter_groups(*model, kRule, {.norm_weight_decay = 0}))
    for (const std::string& name : group.parameters) EXPECT_TRUE(model->named_parameters()[name].requires_grad()) << name;
}

TEST(Freezing, TheBackboneIsAllButTheLastLayer) {
  Resnet model = make_resnet("resnet18", 10);
  freeze_parameters(*model, {"backbone"});
  EXPECT_EQ(frozen_names(*model), (std::vector<std::string>{"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"}));
  EXPECT_TRUE(model->named_parameters()["fc.weight"].requires_grad());
  EXPECT_EQ(describe_groups(*model, kRule, {}).at(0),
            "frozen: conv1, bn1, layer1, layer2, layer3, layer4; 5130 of 11181642 parameters are trained");
}

TEST(Freezing, SaysWhatThereIs) {
  Resnet model = make_resnet("resnet18", 10);
  EXPECT_ERROR(UsageError, "--freeze layer5: the model has no such layer, only conv1, bn1, layer1, layer2, layer3, layer4, fc and what they hold",
               freeze_parameters(*model, {"layer5"}));
  EXPECT_ERROR(UsageError, "--freeze lay:", freeze_parameters(*model, {"lay"}));
  EXPECT_ERROR(UsageError, "leaves nothing to train", freeze_parameters(*model, {"backbone", "fc"}));
  Resnet other = make_resnet("resnet18", 10);
  freeze_parameters(*other, {"fc"});
  EXPECT_ERROR(UsageError, "--head-lr is for the last layer, fc, which --freeze keeps as it is",
               parameter_groups(*other, kRule, {.head_lr = 1}));
}

}  // namespace
}  // namespace skein
