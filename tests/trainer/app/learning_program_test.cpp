// What the flags of learning change in a training, mostly on two ranks: parameter groups, schedules, batches, recipes.

#include <cmath>
#include <fstream>

#include "runtime/process/text.h"
#include "runtime/run/metric_log.h"
#include "tests/trainer/app/trainer_run.h"
#include "trainer/weights/weight_file.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using Values = std::map<std::string, std::vector<float>>;

class Learning : public TrainerTest {
 protected:
  fs::path model(const std::string& id) const { return run_directory(id) / "outputs/model.safetensors"; }
  std::string model_bytes(const std::string& id) const { return file_contents(model(id)); }

  /// A model that has learnt a little; 16 training images, so that a step of two ranks with 8 each is an epoch.
  std::string start() {
    if (!fs::exists(data())) write_image_folder(data(), 2, 8, 4);
    if (fs::exists(run_directory("start"))) return model("start");
    EXPECT_TRUE(succeeded(train_alone(flags("start", {"--epochs", "1", "--weight-decay", "0"}))));
    return model("start");
  }
  /// One step of two ranks from there, without weight decay unless it is asked for.
  Values after_one_step(const std::string& id, const Words& more) {
    Words words{"--weights", start(), "--epochs", "1", "--batch-size", "8", "--weight-decay", "0"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_TRUE(succeeded(train(2, flags(id, words))));
    return values(model(id));
  }
  static Values values(const fs::path& file) {
    Values result;
    const WeightFile weights = open_weight_file(file.string());
    for (const TensorRecord& tensor : weights.tensors) {
      if (tensor.type != ElementType::kFloat32) continue;
      const auto* first = reinterpret_cast<const float*>(tensor.bytes.data());
      result[tensor.name] = {first, first + tensor.bytes.size() / sizeof(float)};
    }
    return result;
  }
  std::vector<double> metric(const std::string& id, const std::string& name) const {
    return read_metric_log(run_directory(id) / "metrics.jsonl").metrics[name].values;
  }
  fs::path checkpoint(const std::string& id, int step) const {
    return run_directory(id) / concat("outputs/checkpoints/step_00000000", step);
  }
};

bool is_statistic(const std::string& name) {
  return name.find("running_") != std::string::npos;
}
bool is_norm(const std::string& name) {
  return !is_statistic(name) && (name.find("bn") != std::string::npos || name.find("downsample.1") != std::string::npos);
}

/// Names of the parameters in which two models differ.
std::set<std::string> differences(const Values& left, const Values& right) {
  std::set<std::string> names;
  for (const auto& [name, value] : left)
    if (!is_statistic(name) && value != right.at(name)) names.insert(name);
  return names;
}

TEST_F(Learning, DecayOfTheMovingAverage) {
  const auto average_with = [&](const std::string& id, const Words& more) {
    after_one_step(id, more);
    return values(run_directory(id) / "outputs/model_ema.safetensors");
  };
  const Words every_step{"--model-ema", "--model-ema-steps", "1"};
  Words closely = every_step;
  closely.insert(closely.end(), {"--model-ema-decay", "0"});
  const Values average = average_with("average", every_step);
  EXPECT_FALSE(differences(average, values(model("average"))).empty());
  const Values close_average = average_with("closely", closely);
  EXPECT_TRUE(differences(close_average, values(model("closely"))).empty()) << "decay 0: the weights themselves";
}

TEST_F(Learning, DecayOfNormsAndBiases) {
  const Values plain = after_one_step("plain", {});
  const Values norms = after_one_step("norms", {"--norm-weight-decay", "0.5"});
  for (const std::string& name : differences(plain, norms)) EXPECT_TRUE(is_norm(name)) << name;
  EXPECT_TRUE(differences(plain, norms).contains("layer1.0.bn1.weight"));
  const Values biases = after_one_step("biases", {"--bias-weight-decay", "0.5"});
  for (const std::string& name : differences(plain, biases)) EXPECT_TRUE(name.ends_with(".bias")) << name;
  EXPECT_TRUE(differences(plain, biases).contains("fc.bias"));
  const float before = values(start()).at("fc.bias")[0];
  EXPECT_NEAR(biases.at("fc.bias")[0] - plain.at("fc.bias")[0], -0.02 * 0.5 * before, 1e-6) << "lr * decay * value";
}

TEST_F(Learning, ARateForTheHead) {
  const Values before = values(start());
  const Values plain = after_one_step("plain", {});
  const CapturedRun run = train(2, flags("faster", {"--weights", start(), "--epochs", "1", "--batch-size", "8", "--weight-decay", "0",
                                                    "--head-lr", "0.2"}));
  ASSERT_TRUE(succeeded(run));
  EXPECT_NE(run.standard_output.find("fc learns at 0.2, the rest at 0.02"), std::string::npos) << run.standard_output;
  const Values faster = values(model("faster"));
  EXPECT_EQ(differences(plain, faster), (std::set<std::string>{"fc.weight", "fc.bias"}));
  for (std::size_t i = 0; i < before.at("fc.weight").size(); ++i)
    EXPECT_NEAR(faster.at("fc.weight")[i] - before.at("fc.weight")[i], 10 * (plain.at("fc.weight")[i] - before.at("fc.weight")[i]), 1e-5);
}

TEST_F(Learning, FrozenLayersStayAsTheyAreWithEveryPlacement) {
  const Values before = values(start());
  std::string first;
  for (const std::string placement : {"host", "sharded", "replicated"}) {
    const Values after = after_one_step(placement, {"--freeze", "conv1,bn1,layer1,layer4", "--optimizer-state", placement, "--check-parameters"});
    for (const auto& [name, value] : after) {
      const bool is_frozen = name.starts_with("conv1") || name.starts_with("bn1") || name.starts_with("layer1") || name.starts_with("layer4");
      EXPECT_EQ(value == before.at(name), is_frozen) << name << " with " << placement;
    }
    if (first.empty()) first = model_bytes(placement);
    EXPECT_TRUE(model_bytes(placement) == first) << placement;
  }
}

TEST_F(Learning, GroupsGoOnBitForBitAndWithTheSameLayers) {
  const Words groups{"--weights", start(), "--freeze", "conv1,layer2", "--head-lr", "0.1", "--norm-weight-decay", "0", "--bias-weight-decay", "0.01",
                     "--model-ema", "--seed", "3"};
  const auto with = [&](Words more) {
    more.insert(more.end(), groups.begin(), groups.end());
    return more;
  };
  ASSERT_TRUE(succeeded(train(2, flags("whole", with({"--epochs", "4"})))));
  std::string from = "host";
  for (const std::string to : {"sharded", "replicated", "host"}) {
    const std::string id = from + "_" + to;
    ASSERT_TRUE(succeeded(train(2, flags(id, with({"--epochs", "2", "--optimizer-state", from})))));
    const CapturedRun rest = train(2, flags(id, with({"--epochs", "4", "--optimizer-state", to, "--resume", "auto"})));
    ASSERT_TRUE(succeeded(rest));
    EXPECT_TRUE(model_bytes(id) == model_bytes("whole")) << id;
    from = to;
  }
  const std::string checkpoints = (run_directory("host_sharded") / "outputs/checkpoints").string();
  EXPECT_TRUE(refused(train(2, flags("other", {"--epochs", "6", "--seed", "3", "--model-ema", "--resume", checkpoints})), 4,
                      {R"(frozen ["conv1","layer2"], this one has [])", "--freeze", "--weights"}));
  EXPECT_FALSE(fs::exists(run_directory("other")));
}

TEST_F(Learning, FreezingNamesWhatThereIs) {
  EXPECT_TRUE(refused(train(2, flags("x", {"--weights", start(), "--freeze", "layer9"})), 2, {"layer9", "conv1, bn1, layer1"}));
  EXPECT_FALSE(fs::exists(run_directory("x")));
}

TEST_F(Learning, ResidualsThatBeginAsZero) {
  write_image_folder(data(), 2, 4, 2);
  ASSERT_TRUE(succeeded(train_alone(flags("zero", {"--epochs", "1", "--lr", "1e-12", "--zero-init-residual"}))));
  for (const auto& [name, value] : values(model("zero"))) {
    if (!is_norm(name) || !name.ends_with(".weight")) continue;
    EXPECT_EQ(std::abs(value[0]) < 1e-6, name.find("bn2") != std::string::npos) << name;
  }
}

TEST_F(Learning, ModelsWithGroups) {
  write_image_folder(data(), 2, 4, 2);
  ASSERT_TRUE(succeeded(train(2, flags("groups", {"--epochs", "1", "--model", "resnext50_32x4d", "--batch-size", "2"}))));
  EXPECT_EQ(values(model("groups")).at("layer1.0.conv2.weight").size(), 128u * 4 * 9);
}

TEST_F(Learning, ARateThatFollowsTheSteps) {
  write_image_folder(data(), 2, 12, 4);  // 3 steps an epoch
  ASSERT_TRUE(succeeded(train(2, flags("cosine", {"--epochs", "2", "--lr-scheduler", "cosineannealinglr", "--lr-per-step"}))));
  const std::vector<double> cosine = metric("cosine", "train/learning_rate");
  ASSERT_EQ(cosine.size(), 6u);
  for (int step = 0; step < 6; ++step) EXPECT_NEAR(cosine[step], 0.01 * (1 + std::cos(M_PI * step / 6)), 1e-9);
  ASSERT_TRUE(succeeded(train(2, flags("epochs", {"--epochs", "2", "--lr-scheduler", "polynomiallr", "--lr-power", "2"}))));
  const std::vector<double> polynomial = metric("epochs", "train/learning_rate");
  ASSERT_EQ(polynomial.size(), 2u);
  EXPECT_NEAR(polynomial[1], 0.02 / 4, 1e-9);
}

/// Also the momentum: without its changes the model is another.
TEST_F(Learning, OneCycleGoesOnInTheMiddleOfAnEpoch) {
  write_image_folder(data(), 2, 12, 4);
  const Words cycle{"--epochs", "2", "--lr-scheduler", "onecyclelr", "--lr-pct-start", "0.5", "--lr-div-factor", "10", "--lr-final-div-factor",
                    "100", "--lr-anneal", "linear", "--checkpoint-seconds", "0.001", "--keep-checkpoints", "9"};
  const auto with = [&](Words more) {
    more.insert(more.begin(), cycle.begin(), cycle.end());
    return more;
  };
  ASSERT_TRUE(succeeded(train(2, flags("still", with({})))));
  const Words cycled = with({"--lr-cycle-momentum", "0.5,0.95"});
  ASSERT_TRUE(succeeded(train(2, flags("whole", cycled))));
  EXPECT_FALSE(model_bytes("still") == model_bytes("whole"));
  const std::vector<double> rates = metric("whole", "train/learning_rate");
  ASSERT_EQ(rates.size(), 6u);
  for (const auto& [step, rate] : {std::pair{0, 0.002}, {1, 0.011}, {2, 0.02}, {5, 0.00002}}) EXPECT_NEAR(rates[step], rate, 1e-9) << step;
  int num_resumed = 0;
  for (const int step : {1, 2, 4, 5}) {
    if (!fs::exists(checkpoint("whole", step))) continue;  // the one before was still being written
    ++num_resumed;
    const std::string id = concat("from_", step);
    Words words = cycled;
    words.insert(words.end(), {"--resume", checkpoint("whole", step)});
    ASSERT_TRUE(succeeded(train(2, flags(id, words))));
    EXPECT_TRUE(model_bytes(id) == model_bytes("whole")) << id;
    EXPECT_EQ(metric(id, "train/learning_rate").size(), 6u - step);
  }
  EXPECT_GT(num_resumed, 0);
}

TEST_F(Learning, AGlobalBatchIsTheSameForEveryDivision) {
  write_image_folder(data(), 2, 12, 4);
  ASSERT_TRUE(succeeded(train(2, flags("each"))));  // 4 a rank
  Words words = flags("global", {"--global-batch-size", "8", "--max-batch-size", "2"});
  const auto size = std::ranges::find(words, std::string("--batch-size"));
  words.erase(size, size + 2);
  const CapturedRun run = train(2, words);
  ASSERT_TRUE(succeeded(run));
  EXPECT_NE(run.standard_output.find("8 images a step: 2 ranks take 2 batches of 2 each"), std::string::npos) << run.standard_output;
  const nlohmann::json plan = record("global").at("plan");
  EXPECT_EQ(plan.at("images_per_step"), 8);
  EXPECT_EQ(plan.at("batch_size"), 2);
  EXPECT_EQ(plan.at("accumulate"), 2);
  EXPECT_EQ(record("global").at("parameters").at("batch_size"), 32) << "as it was asked for";
  EXPECT_EQ(metric("global", "train/step_loss").size(), metric("each", "train/step_loss").size());
  words.insert(words.end(), {"--global-batch-size", "9", "--run-id", "odd"});
  EXPECT_TRUE(refused(train(2, words), 2, {"--global-batch-size 9", "2 ranks", "give 8 or 10"}));
  EXPECT_FALSE(fs::exists(run_directory("odd")));
  words.insert(words.end(), {"--global-batch-size", "100"});
  EXPECT_TRUE(refused(train(2, words), 2, {"--global-batch-size 100", "holds only 24 images"}));
}

TEST_F(Learning, ARateScaledToTheBatch) {
  write_image_folder(data(), 2, 12, 4);
  const CapturedRun run = train(2, flags("scaled", {"--epochs", "1", "--lr-scaling", "linear", "--lr-base-batch-size", "4"}));
  ASSERT_TRUE(succeeded(run));
  EXPECT_NE(run.standard_output.find("lr 0.02 for 4 images a step -> 0.04 for 8, linear rule (Goyal et al. 2017)"), std::string::npos)
      << run.standard_output;
  EXPECT_NE(run.standard_error.find("an epoch has only 3 steps"), std::string::npos) << run.standard_error;
  EXPECT_DOUBLE_EQ(last("scaled", "train/learning_rate"), 0.04);
  EXPECT_DOUBLE_EQ(record("scaled").at("plan").at("learning_rate"), 0.04);
  EXPECT_EQ(record("scaled").at("parameters").at("lr"), 0.02);
}

TEST_F(Learning, StopsEarlyAndSaysWhyAlsoAcrossAnInterruption) {
  write_image_folder(data(), 2, 8, 4);
  const Words words{"--lr", "1e-9", "--early-stopping", "3", "--early-stopping-delta", "100"};  // a gain that cannot be
  const auto with = [&](Words more) {
    more.insert(more.end(), words.begin(), words.end());
    return more;
  };
  const CapturedRun whole = train(2, flags("whole", with({"--epochs", "9"})));
  ASSERT_TRUE(succeeded(whole));
  EXPECT_EQ(metric("whole", "val/accuracy").size(), 4u) << "the first, and three without a gain";
  EXPECT_EQ(record("whole").at("state"), "Completed");
  const std::string reason = record("whole").at("reason");
  EXPECT_TRUE(reason.starts_with("early stopping: val/accuracy has not risen by more than 100 above")) << reason;
  EXPECT_NE(whole.standard_output.find(reason), std::string::npos) << whole.standard_output;

  ASSERT_TRUE(succeeded(train(2, flags("parts", with({"--epochs", "3"})))));
  EXPECT_FALSE(record("parts").contains("reason")) << "it had three epochs";
  ASSERT_TRUE(succeeded(train(2, flags("parts", with({"--epochs", "9", "--resume", "auto"})))));
  EXPECT_EQ(metric("parts", "val/accuracy").size(), 4u);
  EXPECT_TRUE(model_bytes("parts") == model_bytes("whole"));
  EXPECT_TRUE(succeeded(train(2, flags("parts", with({"--epochs", "9", "--resume", "auto"}))))) << "it finds itself done";
  EXPECT_EQ(metric("parts", "val/accuracy").size(), 4u);
  const std::string checkpoints = (run_directory("whole") / "outputs/checkpoints").string();
  EXPECT_TRUE(refused(train(2, flags("more", with({"--epochs", "9", "--resume", checkpoints}))), 2, {"has ended; early stopping: val/accuracy"}));
  EXPECT_TRUE(succeeded(train(2, flags("more", with({"--epochs", "9", "--resume", checkpoints, "--early-stopping-metric", "val/loss"})))))
      << "by another measure";
  EXPECT_EQ(metric("more", "val/loss").size(), 4u);
}

TEST_F(Learning, ARecipe) {
  write_image_folder(data(), 2, 8, 4);
  const fs::path folder = directory() / "recipes";
  fs::create_directory(folder);
  std::ofstream(folder / "mine.yaml") << "# For the test\n# Source: here\nlr: 0.5\nlr_scheduler: polynomiallr\nlr_power: 3\nglobal_batch_size: 16\n";
  const std::map<std::string, std::string> environment{{"SKEIN_RECIPES", folder}};
  const CapturedRun run = train(2, flags("cooked", {"--recipe", "mine"}), environment);
  ASSERT_TRUE(succeeded(run));
  EXPECT_NE(run.standard_output.find("recipe " + (folder / "mine.yaml").string()), std::string::npos) << run.standard_output;
  const nlohmann::json parameters = record("cooked").at("parameters");
  EXPECT_EQ(parameters.at("recipe"), "mine");
  EXPECT_EQ(parameters.at("lr"), 0.02) << "the flag's";
  EXPECT_EQ(parameters.at("lr_power"), 3);
  EXPECT_EQ(parameters.at("global_batch_size"), 0) << "--batch-size 4 is the flag's";
  EXPECT_EQ(record("cooked").at("plan").at("recipe"), (folder / "mine.yaml").string());
  EXPECT_TRUE(refused(train(2, flags("x", {"--recipe", "mime"}), environment), 2, {"--recipe mime", "only mine"}));
  const CapturedRun list = train_alone({"--recipe", "list"}, environment);
  ASSERT_TRUE(succeeded(list));
  EXPECT_NE(list.standard_output.find("mine\n  For the test\n  Source: here\n"), std::string::npos) << list.standard_output;
}

}  // namespace
}  // namespace skein
