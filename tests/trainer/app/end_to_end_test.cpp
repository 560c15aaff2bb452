// Whole trainings on a few small pictures.

#include <fstream>
#include <set>

#include "runtime/run/run_directory.h"
#include "tests/trainer/app/trainer_run.h"
#include "tests/trainer/weights/python.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class EndToEnd : public TrainerTest {};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t number = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

TEST_F(EndToEnd, TwoRanksLeaveARunBehind) {
  write_image_folder(data(), 2, 13, 9);  // uneven batches on both sides
  const CapturedRun run = train(2, flags("first", {"--check-parameters", "--print-freq", "2"}));
  ASSERT_TRUE(succeeded(run));
  EXPECT_EQ(count(run.standard_output, "step 4/4"), 2u) << run.standard_output;
  EXPECT_EQ(count(run.standard_output, "val loss"), 2u) << run.standard_output;
  EXPECT_EQ(run.standard_error, "");

  const fs::path directory = run_directory("first");
  const RunDirectory reader(directory);
  EXPECT_EQ(reader.status().state, RunState::kCompleted);
  std::vector<std::string> states;
  const nlohmann::json record = reader.record();
  for (const auto& entry : record.at("state_history")) states.push_back(entry.at("state"));
  EXPECT_EQ(states,
            (std::vector<std::string>{"NotStarted", "Starting", "Preparing", "Running", "Finalizing", "Completed"}));

  const MetricTable metrics = reader.metrics().metrics;
  EXPECT_EQ(metrics.at("train/step_loss").num_points(), 8u);
  for (const char* name : {"train/loss", "train/accuracy", "val/loss", "val/accuracy", "train/learning_rate",
                           "train/images_per_second", "train/gradient_wait_ms"})
    EXPECT_EQ(metrics.at(name).num_points(), 2u) << name;
  for (const char* file : {"logs/rank_0000.log", "logs/rank_0001.log", "events.jsonl", "outputs/training_curve.svg",
                           "outputs/classes.json"})
    EXPECT_FALSE(file_contents(directory / file).empty()) << file;
  EXPECT_TRUE(test::run_python("app/read_run.py", {directory, "2", "8"}));
}

TEST_F(EndToEnd, TheSameSeedGivesTheSameBytes) {
  write_image_folder(data(), 2, 13, 9);
  ASSERT_TRUE(succeeded(train(2, flags("a", {"--seed", "3", "--workers", "0"}))));
  ASSERT_TRUE(succeeded(train(2, flags("b", {"--seed", "3", "--workers", "2"}))));
  ASSERT_TRUE(succeeded(train(2, flags("c", {"--seed", "4"}))));
  const auto output = [&](const char* run, const char* file) {
    return file_contents(run_directory(run) / "outputs" / file);
  };
  for (const char* file : {"model.safetensors", "model_best.safetensors", "classes.json",
                           "checkpoints/step_000000008/state.safetensors", "checkpoints/step_000000008/manifest.json"}) {
    EXPECT_FALSE(output("a", file).empty()) << file;
    EXPECT_TRUE(output("a", file) == output("b", file)) << file << " differs between two runs";
  }
  EXPECT_FALSE(output("a", "model.safetensors") == output("c", "model.safetensors"));
}

TEST_F(EndToEnd, OutputsGoWhereTheUserWants) {
  write_image_folder(data(), 2, 8, 4);
  const fs::path mine = directory() / "mine";
  ASSERT_TRUE(succeeded(train_alone(flags("out", {"--output_dir", mine, "--num_epochs", "1"}))));
  for (const char* file : {"model.safetensors", "checkpoints/step_000000004/state.safetensors", "training_curve.svg"}) {
    EXPECT_FALSE(file_contents(mine / file).empty()) << file;
    EXPECT_TRUE(file_contents(mine / file) == file_contents(run_directory("out") / "outputs" / file)) << file;
  }
}

TEST_F(EndToEnd, FineTuningReplacesTheLastLayer) {
  write_image_folder(data(), 3, 8, 2);
  ASSERT_TRUE(succeeded(train_alone(flags("three", {"--epochs", "1"}))));
  fs::remove_all(data());
  write_image_folder(data(), 2, 8, 4);
  const fs::path weights = run_directory("three") / "outputs" / "model.safetensors";
  ASSERT_TRUE(succeeded(train(2, flags("two", {"--epochs", "1", "--weights", weights}))));
  EXPECT_NE(file_contents(run_directory("two") / "logs" / "rank_0000.log").find("fc.weight"), std::string::npos);
}

TEST_F(EndToEnd, EvaluationAloneGivesTheAccuracyOfTheTraining) {
  write_image_folder(data(), 2, 12, 10);  // 20 images do not divide by three
  ASSERT_TRUE(succeeded(train(2, flags("trained"))));
  const fs::path weights = run_directory("trained") / "outputs" / "model.safetensors";
  ASSERT_TRUE(succeeded(train(3, flags("tested", {"--test-only", "--weights", weights}))));
  EXPECT_EQ(last("tested", "val/accuracy"), last("trained", "val/accuracy"));
  EXPECT_NEAR(last("tested", "val/loss"), last("trained", "val/loss"), 1e-5);
  EXPECT_FALSE(fs::exists(run_directory("tested") / "outputs" / "model.safetensors"));
}

TEST_F(EndToEnd, UnreadableImagesAreLeftOutAndCounted) {
  write_image_folder(data(), 2, 12, 6);
  fs::resize_file(data() / "train" / "class_0" / "3.png", 100);
  fs::resize_file(data() / "val" / "class_1" / "2.png", 100);
  ASSERT_TRUE(succeeded(train(2, flags("skip", {"--unreadable", "skip"}))));
  EXPECT_EQ(last("skip", "train/skipped_images"), 1);
  EXPECT_EQ(last("skip", "val/skipped_images"), 1);
  const std::string logs = file_contents(run_directory("skip") / "logs" / "rank_0000.log") +
                           file_contents(run_directory("skip") / "logs" / "rank_0001.log");
  EXPECT_NE(logs.find("class_0/3.png"), std::string::npos) << logs;
}

TEST_F(EndToEnd, BFloat16AndPlainMemoryFormatTrain) {
  write_image_folder(data(), 2, 8, 4);
  EXPECT_TRUE(succeeded(train(2, flags("bf16", {"--amp", "bf16", "--epochs", "1"}))));
  EXPECT_TRUE(succeeded(train_alone(flags("plain", {"--no-channels-last", "--epochs", "1"}))));
}

TEST_F(EndToEnd, EveryAugmentationTrainsAndChangesTheModel) {
  write_image_folder(data(), 2, 8, 4);
  std::set<std::string> models;
  const auto model_of = [&](const std::string& id, std::vector<std::string> more) {
    more.insert(more.end(), {"--epochs", "1"});
    EXPECT_TRUE(succeeded(train_alone(flags(id, more))));
    return file_contents(run_directory(id) / "outputs/model.safetensors");
  };
  const std::vector<std::vector<std::string>> choices{
      {},
      {"--auto-augment", "ra", "--ra-num-ops", "3", "--ra-magnitude", "15"},
      {"--auto-augment", "ta_wide"},
      {"--auto-augment", "augmix", "--augmix-severity", "7"},
      {"--auto-augment", "imagenet"},
      {"--color-jitter", "0.4,0.4,0.4,0.1"},
      {"--vflip-prob", "0.5", "--rotation", "30", "--grayscale-prob", "0.5"},
      {"--random-erase", "1"},
      {"--random-erase", "1", "--random-erase-value", "random"}};
  for (std::size_t i = 0; i < choices.size(); ++i)
    EXPECT_TRUE(models.insert(model_of(std::to_string(i), choices[i])).second) << "choice " << i << " is the same as another one";
}

TEST_F(EndToEnd, AugmentedTrainingIsTheSameOnAnyNumberOfWorkers) {
  write_image_folder(data(), 2, 12, 4);
  const auto model_of = [&](const std::string& id, const std::string& workers) {
    EXPECT_TRUE(succeeded(train(2, flags(id, {"--epochs", "1", "--auto-augment", "augmix", "--color-jitter", "0.4", "--random-erase",
                                              "0.5", "--random-erase-value", "random", "--workers", workers}))));
    return file_contents(run_directory(id) / "outputs/model.safetensors");
  };
  EXPECT_TRUE(model_of("alone", "0") == model_of("three", "3"));
}

TEST_F(EndToEnd, ABarOnDemand) {
  write_image_folder(data(), 2, 8, 4);
  const CapturedRun run = train_alone(flags("bar", {"--progress", "bar", "--epochs", "1"}));
  ASSERT_TRUE(succeeded(run));
  EXPECT_NE(run.standard_output.find("\r1/1 [##########] 4/4"), std::string::npos) << run.standard_output;
}

TEST_F(EndToEnd, GradientsAreClippedAndTheirNormRecorded) {
  write_image_folder(data(), 2, 8, 4);
  const auto model = [&](const std::string& id) { return file_contents(run_directory(id) / "outputs/model.safetensors"); };
  ASSERT_TRUE(succeeded(train(2, flags("free"))));
  ASSERT_TRUE(succeeded(train(2, flags("loose", {"--clip-grad-norm", "1e9"}))));
  ASSERT_TRUE(succeeded(train(2, flags("tight", {"--clip-grad-norm", "0.1"}))));
  EXPECT_TRUE(model("loose") == model("free"));
  EXPECT_FALSE(model("tight") == model("free"));
  const MetricTable metrics = RunDirectory(run_directory("tight")).metrics().metrics;
  EXPECT_EQ(metrics.at("train/gradient_norm").num_points(), metrics.at("train/step_loss").num_points());
  EXPECT_GT(metrics.at("train/gradient_norm").values.front(), 0.1);
}

}  // namespace
}  // namespace skein
