// What an evaluation leaves behind, without a network and without other ranks.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/temporary_directory.h"
#include "trainer/data/encode_jpeg.h"
#include "trainer/data/file_bytes.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image_folder.h"
#include "trainer/evaluation/classification_report.h"
#include "trainer/evaluation/evaluation_collector.h"
#include "trainer/evaluation/predictions_file.h"
#include "trainer/evaluation/text_fields.h"
#include "trainer/evaluation/thumbnail.h"
#include "trainer/evaluation/worst_images.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

ConfusionMatrix small_matrix() {  // the third class has no images and is predicted twice, the fourth never
  ConfusionMatrix matrix(4);
  matrix.add(0, 0, 5);
  matrix.add(0, 1, 1);
  matrix.add(1, 0, 3);
  matrix.add(1, 1, 4);
  matrix.add(1, 2, 2);
  matrix.add(3, 0, 1);
  return matrix;
}

const std::vector<std::string> kClasses{"chicken", "tur,key", "\"goose\"", "duck"};

/// As sklearn.metrics.classification_report(labels, predictions, labels=range(4), zero_division=0) counts, but that averages are
/// over the classes with images.
TEST(ClassificationReport, CountsByClass) {
  const ClassificationReport report = classification_report(small_matrix(), kClasses);
  EXPECT_EQ(report.num_images, 16);
  EXPECT_DOUBLE_EQ(report.accuracy(), 9.0 / 16);
  EXPECT_DOUBLE_EQ(report.classes[0].precision(), 5.0 / 9);
  EXPECT_DOUBLE_EQ(report.classes[0].recall(), 5.0 / 6);
  EXPECT_DOUBLE_EQ(report.classes[0].f1(), 2 * (5.0 / 9) * (5.0 / 6) / (5.0 / 9 + 5.0 / 6));
  EXPECT_EQ(report.classes[1].support, 9);
  EXPECT_DOUBLE_EQ(report.classes[1].precision(), 4.0 / 5);
  EXPECT_EQ(report.classes[2].support, 0);
  EXPECT_EQ(report.classes[2].recall(), 0);
  EXPECT_EQ(report.classes[3].precision(), 0);
  const json all = to_json(report);
  EXPECT_NEAR(all["macro_average"]["recall"].get<double>(), (5.0 / 6 + 4.0 / 9 + 0) / 3, 1e-6);
  EXPECT_NEAR(all["weighted_average"]["recall"].get<double>(), 9.0 / 16, 1e-6);
  EXPECT_EQ(all["most_confused"][0], (json{{"label", "tur,key"}, {"prediction", "chicken"}, {"count", 3}}));
  EXPECT_EQ(all["most_confused"].size(), 4u);
}

TEST(ClassificationReport, TheTableShowsAllOfFewClassesAndTheWorstOfMany) {
  const auto few = report_table(classification_report(small_matrix(), kClasses));
  ASSERT_EQ(few.size(), 5u);
  EXPECT_EQ(few[0], "class    precision     recall         F1     images");
  EXPECT_EQ(few[1], "chicken      0.556      0.833      0.667          6");
  ConfusionMatrix many(30);
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) {
    names.push_back("c" + std::to_string(i));
    if (i == 7) continue;  // no images: no recall that could be low
    many.add(i, i, i);
    many.add(i, (i + 1) % 30, 30 - i);
  }
  const auto worst = report_table(classification_report(many, names));
  ASSERT_EQ(worst.size(), 6u);
  EXPECT_EQ(worst[1].substr(0, 3), "c0 ");
  EXPECT_EQ(worst[5].substr(0, 3), "c4 ");
}

TEST(ConfusionMatrix, AsCsv) {
  EXPECT_EQ(confusion_csv(small_matrix(), kClasses),
            "true class,chicken,\"tur,key\",\"\"\"goose\"\"\",duck\n"
            "chicken,5,1,0,0\n\"tur,key\",3,4,2,0\n\"\"\"goose\"\"\",0,0,0,0\nduck,1,0,0,0\n");
}

TEST(ConfusionMatrix, PartsOfRanksAddUp) {
  ConfusionMatrix sum = small_matrix();
  sum.add_packed(small_matrix().pack());
  sum.add_packed(ConfusionMatrix(4).pack());
  const ConfusionMatrix one = small_matrix();
  for (const auto& [pair, count] : one.counts()) EXPECT_EQ(sum.counts().at(pair), 2 * count);
}

/// Images `first`, `first` + `step`, ... of 40, whose losses repeat, and one of which has none.
EvaluationCollector collected(std::size_t first, std::size_t step) {
  EvaluationCollector collector({.num_classes = 6, .num_worst = 7, .keeps_predictions = true});
  collector.begin();
  for (std::size_t index = first; index < 40; index += step) {
    Batch batch;
    batch.num_images = 1;
    batch.labels = {static_cast<std::int64_t>(index % 6)};
    batch.indices = {index};
    const float loss = index == 33 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(index * 7 % 10);
    collector.add(batch, {2, {loss}, {static_cast<std::int64_t>(index % 5), 5}, {0.5f, 0.25f}});
  }
  return collector;
}

TEST(EvaluationCollector, KeepsTheWorstWhateverTheRanks) {
  const std::vector<ImageRecord> alone = collected(0, 1).worst();
  std::vector<std::int64_t> order;
  for (const ImageRecord& record : alone) order.push_back(record.index);
  EXPECT_EQ(order, (std::vector<std::int64_t>{33, 7, 17, 27, 37, 4, 14}));
  std::vector<ImageRecord> together;
  for (std::size_t rank = 0; rank < 3; ++rank) append_records(pack_records(collected(rank, 3).worst()), together);
  std::sort(together.begin(), together.end(), is_worse);
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(together[i].index, alone[i].index);
  EXPECT_EQ(alone[1].prediction(), 2);
  EXPECT_NEAR(alone[1].label_probability(), std::exp(-9), 1e-9);
}

TEST(EvaluationCollector, BeginsAnew) {
  EvaluationCollector collector = collected(0, 1);
  EXPECT_EQ(collector.predictions().size(), 40u);
  EXPECT_EQ(collector.matrix().counts().at({1, 1}), 2);  // 1 and 31
  collector.begin();
  EXPECT_TRUE(collector.matrix().counts().empty() && collector.worst().empty() && collector.predictions().empty());
}

TEST(EvaluationCollector, KeepsNothingThatIsNotAskedFor) {
  EvaluationCollector collector({.num_classes = 2, .num_worst = 0, .keeps_predictions = false});
  Batch batch;
  batch.num_images = 1;
  batch.labels = {1};
  batch.indices = {0};
  collector.add(batch, {2, {1.f}, {0, 1}, {0.5f, 0.25f}});
  EXPECT_TRUE(collector.worst().empty() && collector.predictions().empty());
  EXPECT_EQ(collector.matrix().counts().size(), 1u);
}

TEST(TextFields, NumbersAndQuotes) {
  EXPECT_EQ(json_number(0.1f).dump(), "0.1");
  EXPECT_NEAR(json_number(4e-318).get<double>(), 4e-318, 1e-320);  // a probability after a loss of 730
  EXPECT_EQ(json_number(std::nan("")), "NaN");
  EXPECT_EQ(json_number(-INFINITY), "-Infinity");
  EXPECT_EQ(csv_field("plain name"), "plain name");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

/// Two classes with pictures of different shapes.
class EvaluationFiles : public ::testing::Test {
 protected:
  EvaluationFiles() {
    write_picture("a/1.jpg", 400, 100);
    write_picture("a/2,3.jpg", 50, 30);
    write_picture("b/4.jpg", 3, 600);
    images_ = std::make_shared<ImageFolder>(folder_.path() / "val");
  }
  void write_picture(const std::string& name, int width, int height) const {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * height * 3), jpeg;
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = i % 3 == 0 ? 200 : 40;  // red
    encode_jpeg(pixels.data(), {width, height, 3}, 95, jpeg);
    fs::create_directories((folder_.path() / "val" / name).parent_path());
    replace_file(folder_.path() / "val" / name, jpeg);
  }
  static ImageRecord record(std::int64_t index, std::int32_t label, float loss) {
    ImageRecord made;
    made.index = index;
    made.label = label;
    made.loss = loss;
    made.top_classes = {1, 0};
    made.top_probabilities = {0.75f, 0.25f};
    return made;
  }
  TemporaryDirectory folder_;
  std::shared_ptr<ImageFolder> images_;
};

TEST_F(EvaluationFiles, ThumbnailsKeepTheShape) {
  const auto shape = [&](std::size_t index) {
    RgbImage picture;
    decode_image(make_thumbnail(*images_, index, 160), "thumbnail", picture);
    EXPECT_NEAR(picture.row(0)[0], 200, 8);
    EXPECT_NEAR(picture.row(0)[2], 40, 8);
    return picture.dimensions();
  };
  EXPECT_EQ(shape(0), (ImageSize{160, 40}));
  EXPECT_EQ(shape(1), (ImageSize{50, 30})) << "small ones are not made larger";
  EXPECT_EQ(shape(2), (ImageSize{1, 160}));
}

TEST_F(EvaluationFiles, ThumbnailsAreTurnedAsThePicturesAre) {
  // An APP1 segment of EXIF with one entry: orientation 6, a camera held upright.
  const std::string exif("\xff\xe1\0\x22" "Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 36);
  std::string bytes = file_contents(images_->path(0));
  bytes.insert(2, exif);
  std::ofstream(images_->path(0), std::ios::binary) << bytes;
  RgbImage picture;
  decode_image(make_thumbnail(*images_, 0, 160, {.turn_upright = true}), "thumbnail", picture);
  EXPECT_EQ(picture.dimensions(), (ImageSize{40, 160}));
  decode_image(make_thumbnail(*images_, 0, 160, {.turn_upright = false}), "thumbnail", picture);
  EXPECT_EQ(picture.dimensions(), (ImageSize{160, 40}));
}

TEST_F(EvaluationFiles, WorstImages) {
  const std::vector<ImageRecord> worst{record(2, 1, 3), record(0, 0, 2.5f), record(1, 0, INFINITY)};
  const fs::path out = folder_.path() / "out";
  fs::create_directories(out);
  write_worst_images(out, *images_, worst, {{"epoch", 4}});
  const json all = json::parse(file_contents(out / "worst_images.json"));
  EXPECT_EQ(all["epoch"], 4);
  ASSERT_EQ(all["images"].size(), 3u);
  EXPECT_EQ(all["images"][0], (json{{"index", 2}, {"name", "b/4.jpg"}, {"label", "b"}, {"prediction", "b"}, {"loss", 3.0},
                                    {"label_probability", 0.0497871}, {"probability", 0.75}, {"thumbnail", "worst_images/0001.jpg"}}));
  EXPECT_EQ(all["images"][2]["loss"], "Infinity");
  EXPECT_EQ(all["images"][2]["label_probability"], 0);
  EXPECT_TRUE(fs::exists(out / "worst_images/0003.jpg"));

  fs::remove(images_->path(0));
  write_worst_images(out, *images_, std::span(worst).first(2), {{"epoch", 5}});
  EXPECT_FALSE(fs::exists(out / "worst_images/0003.jpg")) << "of the epoch before";
  EXPECT_FALSE(json::parse(file_contents(out / "worst_images.json"))["images"][1].contains("thumbnail"));
  EXPECT_FALSE(fs::exists(out / "worst_images/0002.jpg"));
}

TEST_F(EvaluationFiles, Predictions) {
  PredictionsFile file(folder_.path() / "p.csv", *images_, 2);
  const std::vector<ImageRecord> first{record(0, 0, 1.5f)}, second{record(1, 0, 0.25f), record(2, 1, 0)};
  file.append(first);
  file.append(second);
  EXPECT_FALSE(fs::exists(folder_.path() / "p.csv"));
  file.commit();
  // The folder lists by name: "1.jpg", "2,3.jpg".
  EXPECT_EQ(file_contents(folder_.path() / "p.csv"),
            "index,name,label,prediction,loss,class_1,probability_1,class_2,probability_2\n"
            "0,a/1.jpg,a,b,1.5,b,0.75,a,0.25\n"
            "1,\"a/2,3.jpg\",a,b,0.25,b,0.75,a,0.25\n"
            "2,b/4.jpg,b,b,0,b,0.75,a,0.25\n");
}

}  // namespace
}  // namespace skein
