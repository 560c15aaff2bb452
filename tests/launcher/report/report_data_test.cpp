// What a report takes from a run's files: curves, times, evaluation, pictures, logs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "launcher/report/base64.h"
#include "launcher/report/curve_data.h"
#include "launcher/report/evaluation_data.h"
#include "launcher/report/file_data.h"
#include "launcher/report/picture_data.h"
#include "launcher/report/timing_data.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

using nlohmann::json;

TEST(CurveData, AShortSeriesStaysAsItIs) {
  MetricSeries series;
  series.description = {"%", "maximize"};
  series.add({0.5, 10, 0, 101.04});
  series.add({std::nan(""), 20, 1, 102});
  series.add({0.123456789, 30, 2, 103});
  const json curve = curve_json("val/accuracy", series, 100, 1000);
  EXPECT_EQ(curve.at("steps"), (json{10, 20, 30}));
  EXPECT_EQ(curve.at("times"), (json{1, 2, 3}));
  EXPECT_EQ(curve.at("values"), (json{0.5, nullptr, 0.123457}));
  EXPECT_EQ(curve.at("num_nonfinite"), 1);
  EXPECT_EQ(curve.at("last"), 0.123457);
  EXPECT_EQ(curve.at("max"), 0.5);
  EXPECT_EQ(curve.at("max_step"), 10);
  EXPECT_EQ(curve.at("min_step"), 30);
  EXPECT_FALSE(curve.contains("low"));
}

TEST(CurveData, ALongSeriesKeepsItsOutliers) {
  MetricSeries series;
  constexpr int kCount = 1000003;
  for (int i = 0; i < kCount; ++i) series.add({i == 777777 ? 1e6 : i % 2 == 0 ? 1.0 : 3.0, i, 0, 100.0 + i});
  const json curve = curve_json("loss", series, 100, 1000);
  ASSERT_EQ(curve.at("values").size(), 1000u);
  EXPECT_EQ(curve.at("count"), kCount);
  EXPECT_EQ(curve.at("max"), 1e6);
  EXPECT_EQ(curve.at("max_step"), 777777);
  EXPECT_EQ(curve.at("steps").back(), kCount - 1);
  EXPECT_EQ(*std::max_element(curve.at("high").begin(), curve.at("high").end()), 1e6);
  EXPECT_EQ(curve.at("low")[5], 1);
  EXPECT_EQ(curve.at("high")[5], 3);
  EXPECT_NEAR(curve.at("values")[5].get<double>(), 2, 0.01);
  EXPECT_LT(curve.dump().size(), 60000u);
}

TEST(CurveData, StepsOutOfOrderAreSorted) {
  MetricSeries series;
  for (const int step : {3, 1, 2}) series.add({static_cast<double>(step), step, 0, 0});
  EXPECT_EQ(curve_json("x", series, 0, 10).at("values"), (json{1, 2, 3}));
}

TEST(CurveData, ManySeriesShareThePage) {
  EXPECT_EQ(buckets_per_series(0), 1000u);
  EXPECT_EQ(buckets_per_series(60), 1000u);
  EXPECT_EQ(buckets_per_series(600), 100u);
  EXPECT_EQ(buckets_per_series(1000000), 40u);
}

TEST(CurveData, EpochsEndWithTheirLastStep) {
  MetricTable metrics;
  metrics["a"].add({0, 5, 0, 0});
  metrics["a"].add({0, 10, 0, 0});
  metrics["b"].add({0, 20, 1, 0});
  metrics["b"].add({0, 15, 2, 0});  // cannot be: an epoch later, and a step before
  EXPECT_EQ(epochs_json(metrics), (json{{0, 10}, {1, 20}}));
}

TEST(CurveData, ShortNumbers) {
  EXPECT_EQ(short_number(0.1 + 0.2).dump(), "0.3");
  EXPECT_EQ(short_number(1234567).dump(), "1234570");
  EXPECT_EQ(short_number(2).dump(), "2");
  EXPECT_EQ(short_number(std::numeric_limits<double>::infinity()), nullptr);
}

RankTiming timing(int epoch, const std::vector<double>& compute, const std::vector<double>& wait) {
  return {epoch, 10 * (epoch + 1), 10, 0, {{"gradient_wait", wait}, {"compute", compute}, {"strange", wait}}};
}

TEST(TimingData, SumsAndTheSlowestRank) {
  const json data = timing_json({timing(0, {1, 2}, {1, 0}), timing(1, {1, 4}, {3, 0})});
  EXPECT_EQ(data.at("phases"), (json{"compute", "gradient_wait", "strange"}));
  EXPECT_EQ(data.at("ranks"), (json{{2, 4, 4}, {6, 0, 0}}));
  EXPECT_EQ(data.at("own_median"), 2);
  EXPECT_EQ(data.at("epochs")[1].at("slowest"), 1);
  EXPECT_EQ(data.at("epochs")[1].at("mean"), (json{2.5, 1.5, 1.5}));
  EXPECT_EQ(timing_json({}), nullptr);
}

TEST(TimingData, OfManyRanksTheExtremesAreShown) {
  std::vector<double> compute(200, 10), wait(200, 1);
  compute[150] = 20;
  const json data = timing_json({timing(0, compute, wait)});
  EXPECT_EQ(data.at("num_ranks"), 200);
  EXPECT_EQ(data.at("shown").size(), 64u);
  EXPECT_NE(std::find(data.at("shown").begin(), data.at("shown").end(), 150), data.at("shown").end());
  EXPECT_EQ(data.at("ranks").size(), 64u);
}

TEST(TimingData, ADifferentNumberOfRanksStartsAnew) {
  EXPECT_EQ(timing_json({timing(0, {9, 9, 9}, {0, 0, 0}), timing(1, {1, 2}, {0, 0})}).at("ranks"), (json{{1, 0, 0}, {2, 0, 0}}));
}

class ReportFiles : public DirectoryTest {
 protected:
  json evaluation() { return evaluation_json(directory_, problems_); }
  void expect_problem(const std::string& part) {
    ASSERT_EQ(problems_.size(), 1u) << part;
    EXPECT_NE(problems_[0].find(part), std::string::npos) << problems_[0];
    problems_.clear();
  }
  Problems problems_;
};

TEST_F(ReportFiles, ConfusionMatrix) {
  EXPECT_EQ(evaluation(), nullptr);
  write_text(directory_ / "confusion_matrix.csv", "true class,a,\"b,c\"\na,3,1\n\"b,c\",0,4\n");
  write_text(directory_ / "classification_report.json", R"({"accuracy":0.875,"epoch":3,"classes":[{"name":"a"}],"x":"y"})");
  const json data = evaluation();
  EXPECT_EQ(data.at("classes"), (json{"a", "b,c"}));
  EXPECT_EQ(data.at("cells"), (json{{0, 0, 3}, {0, 1, 1}, {1, 1, 4}}));
  EXPECT_EQ(data.at("num_images"), 8);
  EXPECT_EQ(data.at("report"), (json{{"accuracy", 0.875}, {"epoch", 3}}));
  EXPECT_TRUE(problems_.empty());
}

TEST_F(ReportFiles, AReportWithoutAMatrixKeepsItsClasses) {
  write_text(directory_ / "classification_report.json", R"({"accuracy":1,"num_images":2,"classes":[{"name":"a","recall":0.123456789}, 7]})");
  EXPECT_EQ(evaluation().at("report").at("classes"), (json{{{"name", "a"}, {"recall", 0.123457}}}));
}

TEST_F(ReportFiles, AMatrixThatMakesNoSenseIsNamed) {
  const auto refuse = [&](const std::string& text, const std::string& part) {
    write_text(directory_ / "confusion_matrix.csv", text);
    EXPECT_EQ(evaluation(), nullptr) << text;
    expect_problem(part);
  };
  refuse("", "confusion_matrix.csv is no square table");
  refuse("t,a,b\na,1,2\n", "2 rows with the header, 3 columns");
  refuse("t,a,b\na,1,2\nc,1,2\n", "row 3 does not belong to the class 'b' with 2 numbers");
  refuse("t,a,b\na,1,2\nb,1\n", "row 3");
  refuse("t,a,b\na,1,2\nb,1,x\n", "row 3: 'x' is no number of images");
  refuse("t,a,b\na,1,2\nb,1,-2\n", "'-2' is no number of images");
  std::filesystem::remove(directory_ / "confusion_matrix.csv");
  write_text(directory_ / "classification_report.json", "[");
  evaluation();
  expect_problem("classification_report.json is not a JSON object");
}

TEST_F(ReportFiles, LargeMatricesLoseTheirSmallestCells) {
  constexpr int kClasses = 400;
  std::string text = "t", row;
  for (int i = 0; i < kClasses; ++i) text += concat(",", i);
  for (int i = 0; i < kClasses; ++i) {
    row = concat("\n", i);
    for (int j = 0; j < kClasses; ++j) row += i == 7 && j == 9 ? ",50" : ",1";
    text += row;
  }
  write_text(directory_ / "confusion_matrix.csv", text);
  const json data = evaluation();
  EXPECT_EQ(data.at("cells").size(), 120000u);
  EXPECT_NE(std::find(data.at("cells").begin(), data.at("cells").end(), json({7, 9, 50})), data.at("cells").end());
  EXPECT_NE(std::find(data.at("cells").begin(), data.at("cells").end(), json({399, 399, 1})), data.at("cells").end());
  expect_problem("of 160000 pairs of classes");
}

constexpr const char* kJpeg = "\xff\xd8\xff picture";

TEST_F(ReportFiles, Pictures) {
  EXPECT_EQ(pictures_json(directory_, 1000, problems_), nullptr);
  write_text(directory_ / "worst_images" / "0001.jpg", kJpeg);
  write_text(directory_ / "worst_images.json",
             R"({"images":[{"name":"x.jpg","label":"a","prediction":"b","loss":"Infinity","probability":0.9,"label_probability":0.1,
                 "thumbnail":"worst_images/0001.jpg","secret":1},{"label":"without one"}]})");
  const json pictures = pictures_json(directory_, 1000, problems_);
  EXPECT_EQ(pictures, (json{{{"name", "x.jpg"}, {"label", "a"}, {"prediction", "b"}, {"loss", "Infinity"}, {"probability", 0.9},
                             {"label_probability", 0.1}, {"source", "data:image/jpeg;base64," + base64(kJpeg)}}}));
  EXPECT_TRUE(problems_.empty());
}

TEST_F(ReportFiles, PicturesThatCannotBeShown) {
  const auto refuse = [&](const std::string& thumbnail, const std::string& part) {
    write_text(directory_ / "o" / "worst_images.json", json{{"images", {{{"thumbnail", thumbnail}}}}}.dump());
    EXPECT_TRUE(pictures_json(directory_ / "o", 1000, problems_).empty()) << thumbnail;
    expect_problem(part);
  };
  write_text(directory_ / "secret.jpg", kJpeg);
  write_text(directory_ / "o" / "text.jpg", "<svg onload='alert(1)'>");
  write_text(directory_ / "o" / "large.jpg", kJpeg + std::string(2000, 'x'));
  refuse("../secret.jpg", "which is not in");
  refuse((directory_ / "secret.jpg").string(), "which is not in");
  refuse("none.jpg", "none.jpg is missing");
  refuse("text.jpg", "is no JPEG, PNG or GIF");
  refuse("large.jpg", "large.jpg is left out");
  write_text(directory_ / "o" / "worst_images.json", "{\"images\":3}");
  EXPECT_EQ(pictures_json(directory_ / "o", 1000, problems_), nullptr);
  expect_problem("holds no list of images");
}

TEST_F(ReportFiles, PicturesStopWhereThePageIsFull) {
  json images;
  for (int i = 0; i < 5; ++i) {
    write_text(directory_ / concat(i), kJpeg + std::string(400, 'x'));
    images.push_back({{"thumbnail", concat(i)}});
  }
  write_text(directory_ / "worst_images.json", json{{"images", images}}.dump());
  EXPECT_EQ(pictures_json(directory_, 1000, problems_).size(), 2u);
  expect_problem("the first 2 of 5 pictures are shown");
}

TEST_F(ReportFiles, LogsAreCutAtALine) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += concat("line ", i, " of the log\n");
  write_text(directory_ / "logs" / "rank_0000.log", text);
  write_text(directory_ / "logs" / "rank_0001.log", "short\n");
  write_text(directory_ / ".hidden", "");
  const json logs = logs_json(directory_, problems_);
  ASSERT_EQ(logs.size(), 2u);
  EXPECT_TRUE(logs[0].at("text").get<std::string>().starts_with("line ")) << logs[0].at("text").get<std::string>().substr(0, 30);
  EXPECT_TRUE(logs[0].at("text").get<std::string>().ends_with("line 2999 of the log\n"));
  EXPECT_EQ(logs[0].at("is_cut"), true);
  EXPECT_EQ(logs[1].at("is_cut"), false);
  EXPECT_EQ(files_json(directory_, problems_), (json::array({{"logs/rank_0000.log", text.size()}, {"logs/rank_0001.log", 6}})));
}

TEST(Base64, PublishedVectors) {  // RFC 4648
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace skein
