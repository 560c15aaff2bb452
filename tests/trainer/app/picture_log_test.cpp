#include "trainer/picture_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/directory_test.h"
#include "trainer/data/encode_png.h"
#include "trainer/data/image/image.h"

namespace skein {
namespace {

class PictureLog : public DirectoryTest {
 protected:
  void SetUp() override { write_text(outputs_ / "classes.json", "{}"); }
  void begin(bool tensorboard = true) {
    journal_.adopt(std::make_unique<skein::Run>(RunOptions{.runs_dir = directory_, .run_id = "r", .tensorboard = tensorboard},
                                                nlohmann::json::object()));
  }
  std::string events() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_ / "default" / "r"))
      if (entry.path().filename().string().starts_with("events.out.tfevents.")) return file_contents(entry.path());
    return "";
  }
  std::size_t count(const std::string& part) const {
    const std::string text = events();
    std::size_t number = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
    return number;
  }

  const std::filesystem::path outputs_ = directory_ / "outputs";
  RunJournal journal_;
};

TEST_F(PictureLog, AMatrixAndTheWorstImages) {
  begin();
  write_text(outputs_ / "confusion_matrix.csv", "true class,a,\"<b>, `x`\"\na,3,1\n\"<b>, `x`\",0,4\n");
  std::vector<std::uint8_t> png;
  encode_png(RgbImage(4, 5).data(), {4, 5, 3}, png);
  write_text(outputs_ / "worst_images" / "0001.jpg", {png.begin(), png.end()});
  write_text(outputs_ / "worst_images.json",
             R"({"images":[{"name":"x.png","label":"a","prediction":"b","thumbnail":"worst_images/0001.jpg"},{"label":"gone"}]})");
  log_evaluation_pictures(journal_, outputs_, 3);
  EXPECT_EQ(count("\x89PNG"), 2u);
  EXPECT_EQ(count("val/worst_images/01"), 1u);
  EXPECT_EQ(count("0 `a`, 1 `<b>, 'x'`"), 1u);
  EXPECT_EQ(count("- 01: `a` taken for `b`, `x.png`"), 1u);
}

TEST_F(PictureLog, WhatIsNotThereOrMakesNoSenseIsLeftOut) {
  begin();
  log_evaluation_pictures(journal_, outputs_, 3);
  write_text(outputs_ / "confusion_matrix.csv", "true class,a,b\na,3,1\n");
  write_text(outputs_ / "worst_images.json", "[");
  log_evaluation_pictures(journal_, outputs_, 3);
  write_text(outputs_ / "confusion_matrix.csv", "true class,a\na,-3\n");
  log_evaluation_pictures(journal_, outputs_, 3);
  EXPECT_EQ(count("\x89PNG"), 0u);
}

TEST_F(PictureLog, TrainingImages) {
  std::vector<float> floats(2 * 3 * 4 * 3, 0.5f);
  const Batch batch{.num_images = 2, .height = 3, .width = 4, .images = floats};
  log_training_images(journal_, batch, 0);  // no run yet
  begin();
  log_training_images(journal_, Batch{}, 0);
  EXPECT_EQ(count("train/images"), 0u);
  log_training_images(journal_, batch, 0);
  EXPECT_EQ(count("train/images"), 1u);
}

TEST_F(PictureLog, NothingIsDrawnWhereNobodyWouldSeeIt) {
  begin(false);
  EXPECT_FALSE(journal_.takes_pictures());
  std::vector<float> floats(3, 0.5f);
  log_training_images(journal_, {.num_images = 1, .height = 1, .width = 1, .images = floats}, 0);
  EXPECT_EQ(events(), "");
}

}  // namespace
}  // namespace skein
