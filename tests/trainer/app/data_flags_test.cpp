// Each flag about the data changes what is learnt, and what it must not change it leaves alone.

#include <fstream>
#include <iterator>

#include "tests/trainer/app/trainer_run.h"

namespace skein {
namespace {

class DataFlags : public TrainerTest {
 protected:
  /// Turned and mirrored JPEGs of 45 x 38 pixels with an EXIF orientation: at least twice the crop of 16.
  void SetUp() override {
    for (const char* split : {"train", "val"}) {
      for (int number = 1; number <= 8; ++number) {
        const std::filesystem::path folder = data() / split / (number % 2 == 0 ? "even" : "odd");
        std::filesystem::create_directories(folder);
        const std::string name = "orientation_" + std::to_string(number) + ".jpg";
        std::filesystem::copy_file(std::filesystem::path(EXPECTED_PICTURES) / name, folder / name);
      }
    }
  }

  /// The bytes of the model that one epoch with these flags makes.
  std::string model_with(const std::vector<std::string>& more) {
    const std::string id = "run" + std::to_string(num_runs_++);
    std::vector<std::string> all{"--batch-size", "4", "--train-crop-size", "16", "--train-crop-scale", "0.9,1", "--freeze-norm"};
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_TRUE(succeeded(train_alone(flags(id, all))));
    val_loss_ = last(id, "val/loss");
    std::ifstream file(run_directory(id) / "outputs" / "model.safetensors", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  double val_loss_ = 0;  ///< of the last run

 private:
  int num_runs_ = 0;
};

TEST_F(DataFlags, EachChangesTheModel) {
  const std::string plain = model_with({});
  const std::vector<std::vector<std::string>> cases{
      {"--interpolation", "bicubic"},  {"--no-antialias"},         {"--exif-orientation", "ignore"}, {"--scaled-decoding", "off"},
      {"--mixup-alpha", "0.5"},        {"--cutmix-alpha", "1"},    {"--ra-sampler", "--ra-reps", "2"}, {"--hflip-prob", "0"}};
  for (const auto& more : cases) EXPECT_NE(model_with(more), plain) << more[0];
}

TEST_F(DataFlags, OthersLeaveItAsItIs) {
  const std::string plain = model_with({});
  const double plain_loss = val_loss_;
  EXPECT_EQ(model_with({"--workers", "3", "--scaled-decoding", "all", "--ra-sampler", "--ra-reps", "1"}), plain);
  EXPECT_EQ(model_with({"--val-crop-size", "14"}), plain);
  EXPECT_NE(val_loss_, plain_loss);
  EXPECT_EQ(model_with({"--val-resize-size", "20"}), plain);
  EXPECT_NE(val_loss_, plain_loss);
}

TEST_F(DataFlags, NonsenseIsRefused) {
  EXPECT_TRUE(refused(train_alone(flags("bad", {"--interpolation", "cubic"})), 2, {"--interpolation", "bicubic"}));
  EXPECT_TRUE(refused(train_alone(flags("bad", {"--mixup-alpha", "-1"})), 2, {"--mixup-alpha"}));
  EXPECT_TRUE(refused(train_alone(flags("bad", {"--cutmix-alpha", "-1"})), 2, {"--cutmix-alpha"}));
  EXPECT_TRUE(refused(train_alone(flags("bad", {"--ra-reps", "4"})), 2, {"--ra-reps has no effect with no --ra-sampler"}));
  EXPECT_TRUE(refused(train_alone(flags("bad", {"--ra-sampler", "--ra-reps", "0"})), 2, {"--ra-reps"}));
  EXPECT_TRUE(refused(train_alone(flags("bad", {"--exif-orientation", "no"})), 2, {"--exif-orientation", "ignore"}));
  EXPECT_TRUE(refused(train_alone(flags("bad", {"--scaled-decoding", "half"})), 2, {"--scaled-decoding", "train"}));
}

}  // namespace
}  // namespace skein
