// What the trainer refuses: with which exit code, naming what, and without leaving anything behind.

#include <fstream>

#include "tests/trainer/app/trainer_run.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class BadInput : public TrainerTest {
 protected:
  void expect_nothing_written() const { EXPECT_FALSE(fs::exists(directory() / "runs")); }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t number = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

TEST_F(BadInput, AFlagIsMisspelt) {
  const CapturedRun alone = train_alone({"--bath-size", "4"});
  EXPECT_TRUE(refused(alone, 2, {"--bath-size", "--batch-size"}));
  const CapturedRun together = train(3, {"--bath-size", "4"});
  EXPECT_TRUE(refused(together, 2, {"--bath-size"}));
  EXPECT_EQ(count(together.standard_error, "unknown"), 1u) << together.standard_error;
}

TEST_F(BadInput, FlagsContradictEachOther) {
  EXPECT_TRUE(
      refused(train_alone({"--data-path", "x", "--lr-milestones", "3"}), 2, {"--lr-milestones", "multisteplr"}));
  EXPECT_TRUE(refused(train_alone({"--data-path", "x", "--nesterov", "--momentum", "0"}), 2, {"--nesterov"}));
}

TEST_F(BadInput, NoDataPath) {
  EXPECT_TRUE(refused(train_alone({}), 2, {"--data-path"}));
  const CapturedRun missing = train(2, flags("x"));
  EXPECT_TRUE(refused(missing, 4, {data(), "train/", "val/"}));
  EXPECT_EQ(count(missing.standard_error, data().string()), 1u) << missing.standard_error;
  expect_nothing_written();
}

TEST_F(BadInput, AClassOnlyInValidation) {
  write_image_folder(data(), 2, 8, 2);
  write_class(data() / "val" / "goose", 2, 1);
  EXPECT_TRUE(refused(train(2, flags("x")), 4, {"goose", "not in"}));
  expect_nothing_written();
}

TEST_F(BadInput, AClassWithoutImages) {
  write_image_folder(data(), 2, 8, 2);
  fs::create_directories(data() / "train" / "goose");
  EXPECT_TRUE(refused(train_alone(flags("x")), 4, {"goose", "holds no"}));
  fs::remove_all(data());
  write_image_folder(data(), 1, 8, 2);
  EXPECT_TRUE(refused(train_alone(flags("x")), 4, {"single class", "class_0"}));
  expect_nothing_written();
}

TEST_F(BadInput, ABatchLargerThanTheData) {
  write_image_folder(data(), 2, 3, 2);
  EXPECT_TRUE(refused(train(2, flags("x")), 2, {"--batch-size 4 on 2 ranks makes 8 images", "6", "at most 3"}));
  expect_nothing_written();
}

TEST_F(BadInput, RanksWithDifferentFlags) {
  write_image_folder(data(), 2, 8, 2);
  std::vector<std::string> words = flags("x", {"--model", "resnet18", ":", "-np", "1", trainer_program()});
  const std::vector<std::string> others = flags("x", {"--model", "resnet34", "--seed", "2"});
  words.insert(words.end(), others.begin(), others.end());
  EXPECT_TRUE(refused(train(1, words), 5, {"rank 1: --model resnet34 --seed 2, rank 0: --model resnet18 --seed 0"}));
  expect_nothing_written();
}

TEST_F(BadInput, OneRankHasABadFlag) {
  write_image_folder(data(), 2, 8, 2);
  std::vector<std::string> words = flags("x", {":", "-np", "1", trainer_program(), "--epochs", "many"});
  EXPECT_TRUE(refused(train(1, words), 2, {"--epochs", "many"}));
}

TEST_F(BadInput, WeightsOfAnotherModel) {
  write_image_folder(data(), 2, 8, 2);
  ASSERT_TRUE(succeeded(train_alone(flags("small", {"--epochs", "1"}))));
  const fs::path weights = run_directory("small") / "outputs" / "model.safetensors";
  EXPECT_TRUE(refused(train(2, flags("x", {"--model", "resnet34", "--weights", weights})), 4,
                      {weights, "layer1.2.bn1.weight", "more"}));
  fs::resize_file(weights, 1000);
  EXPECT_TRUE(refused(train(2, flags("x", {"--weights", weights})), 4, {weights}));
  EXPECT_FALSE(fs::exists(run_directory("x")));
}

TEST_F(BadInput, TestedWeightsHaveOtherClasses) {
  write_image_folder(data(), 2, 8, 2);
  ASSERT_TRUE(succeeded(train_alone(flags("two", {"--epochs", "1"}))));
  write_image_folder(data(), 3, 8, 2);
  const std::string weights = run_directory("two") / "outputs" / "model.safetensors";
  EXPECT_TRUE(refused(train_alone(flags("x", {"--test-only", "--weights", weights})), 4, {weights, "fc.weight", "[2, 512]"}));
  EXPECT_TRUE(succeeded(train_alone(flags("three", {"--epochs", "1", "--weights", weights}))));
}

TEST_F(BadInput, ATruncatedImageEndsAllRanks) {
  write_image_folder(data(), 2, 12, 4);
  fs::resize_file(data() / "train" / "class_1" / "5.png", 120);
  EXPECT_TRUE(refused(train(2, flags("broken")), 4, {"class_1/5.png"}));
  const auto run = record("broken");
  EXPECT_EQ(run.at("state"), "Failed");
  EXPECT_NE(run.at("state_history").back().at("reason").get<std::string>().find("class_1/5.png"), std::string::npos)
      << run;
}

TEST_F(BadInput, NowhereToWrite) {
  write_image_folder(data(), 2, 8, 2);
  std::ofstream(directory() / "file") << "in the way";
  EXPECT_TRUE(
      refused(train(2, flags("x", {"--runs-dir", directory() / "file"})), 8, {(directory() / "file").string()}));
  EXPECT_TRUE(refused(train(2, flags("x", {"--output-dir", "/proc/nothing"})), 8, {"/proc/nothing"}));
  EXPECT_FALSE(fs::exists(run_directory("x")));
}

TEST_F(BadInput, TheRunExists) {
  write_image_folder(data(), 2, 8, 2);
  fs::create_directories(run_directory("x"));
  EXPECT_TRUE(refused(train(2, flags("x")), 2, {"--run-id", run_directory("x")}));
}

TEST_F(BadInput, StartedBySrunWithoutPmi) {
  write_image_folder(data(), 2, 8, 2);
  const std::map<std::string, std::string> slurm = {
      {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_LOCALID", "0"}};
  EXPECT_TRUE(refused(train_alone(flags("x"), slurm), 3, {"srun", "--mpi=pmix"}));
  expect_nothing_written();
}

}  // namespace
}  // namespace skein
