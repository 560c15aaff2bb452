// What trainings and evaluations leave in outputs/ besides weights: files about the validation images, and ONNX networks.

#include <algorithm>
#include <fstream>

#include "tests/trainer/app/trainer_run.h"
#include "tests/trainer/weights/python.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Outputs : public TrainerTest {
 protected:
  fs::path output(const std::string& run, const std::string& file) const { return run_directory(run) / "outputs" / file; }
  json read(const std::string& run, const std::string& file) const { return json::parse(file_contents(output(run, file))); }
};

TEST_F(Outputs, TellOfEveryValidationImageOnceWhateverTheRanks) {
  write_image_folder(data(), 3, 12, 7);
  const CapturedRun run = train(2, flags("trained", {"--predictions", "--worst-images", "5", "--label-smoothing", "0.1"}));
  ASSERT_TRUE(succeeded(run));
  EXPECT_NE(run.standard_output.find("class    precision     recall"), std::string::npos) << run.standard_output;
  EXPECT_TRUE(test::run_python("app/read_outputs.py", {"check", run_directory("trained"), "3", "21"}));
  EXPECT_EQ(read("trained", "worst_images.json")["images"].size(), 5u);
  EXPECT_EQ(read("trained", "worst_images.json")["epoch"], 1);
  EXPECT_TRUE(fs::exists(output("trained", "training_curve.png")));

  std::vector<std::string> runs{"same", run_directory("trained")};
  for (const int num_ranks : {1, 3}) {
    const std::string id = "on_" + std::to_string(num_ranks);
    ASSERT_TRUE(succeeded(train(num_ranks, flags(id, {"--test-only", "--weights", output("trained", "model.safetensors"), "--predictions",
                                                      "--worst-images", "5"}))));
    EXPECT_TRUE(test::run_python("app/read_outputs.py", {"check", run_directory(id), "3", "21"}));
    EXPECT_FALSE(fs::exists(output(id, "confusion_matrix_best.csv"))) << "nothing to compare with";
    runs.push_back(run_directory(id));
  }
  // A training's files tell of its last epoch; an evaluation's differ in step and epoch.
  runs.erase(runs.begin() + 1);
  EXPECT_TRUE(test::run_python("app/read_outputs.py", runs));
}

TEST_F(Outputs, OfTheBestEvaluationAreKept) {
  write_image_folder(data(), 2, 8, 6);
  ASSERT_TRUE(succeeded(train_alone(flags("best", {"--epochs", "4"}))));
  const json best = read("best", "classification_report_best.json");
  EXPECT_NEAR(100 * best["accuracy"].get<double>(), record("best").at("metrics").at("val/accuracy").at("max").get<double>(), 1e-3);
  EXPECT_FALSE(file_contents(output("best", "confusion_matrix_best.csv")).empty());
  EXPECT_EQ(read("best", "classification_report.json")["epoch"], 3);
}

TEST_F(Outputs, AreNotWrittenWhereNobodyWantsThem) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train_alone(flags("none", {"--epochs", "1", "--worst-images", "0"}))));
  for (const char* file : {"worst_images.json", "worst_images", "predictions.csv", "model.onnx"})
    EXPECT_FALSE(fs::exists(output("none", file))) << file;
  EXPECT_TRUE(refused(train_alone(flags("x", {"--worst-images", "-1"})), 2, {"--worst-images"}));
  EXPECT_TRUE(refused(train_alone(flags("x", {"--export", "torchscript"})), 2, {"--export", "none, onnx"}));
}

TEST_F(Outputs, LeaveOutWhatCannotBeRead) {
  write_image_folder(data(), 2, 8, 5);
  fs::resize_file(data() / "val" / "class_1" / "2.png", 100);
  ASSERT_TRUE(succeeded(train(2, flags("skip", {"--epochs", "1", "--unreadable", "skip", "--predictions"}))));
  const std::string predictions = file_contents(output("skip", "predictions.csv"));
  EXPECT_EQ(std::count(predictions.begin(), predictions.end(), '\n'), 10) << predictions;
  EXPECT_EQ(predictions.find("class_1/2.png"), std::string::npos);
  EXPECT_EQ(read("skip", "classification_report.json")["num_images"], 9);
}

TEST_F(Outputs, TheConfusionMatrixOutlivesAnInterruption) {
  write_image_folder(data(), 2, 8, 6);
  ASSERT_TRUE(succeeded(train_alone(flags("run", {"--predictions"}))));
  // All epochs are done: nothing is evaluated, and metrics.h5 is written anew.
  const fs::path events = run_directory("run") / "events.jsonl";
  std::ofstream(events, std::ios::app) << R"({"time":"2026-01-31T10:15:30.482Z","event":"state","state":"Failed","reason":"test"})" << "\n";
  ASSERT_TRUE(succeeded(train_alone(flags("run", {"--resume", "auto", "--predictions"}))));
  EXPECT_TRUE(test::run_python("app/read_outputs.py", {"check", run_directory("run"), "2", "12"}));
}

TEST_F(Outputs, OnnxNetworksOfAllWeights) {
  write_image_folder(data(), 2, 8, 4);
  const CapturedRun run = train(2, flags("onnx", {"--export", "onnx", "--model-ema", "--model-ema-steps", "2", "--sync-bn"}));
  ASSERT_TRUE(succeeded(run));
  const json exports = record("onnx").at("exports");
  ASSERT_EQ(exports.size(), 3u) << exports;
  std::size_t i = 0;
  for (const std::string file : {"model.onnx", "model_best.onnx", "model_ema.onnx"}) {
    EXPECT_EQ(exports[i].at("file"), file);
    EXPECT_EQ(exports[i].at("num_bytes"), fs::file_size(output("onnx", file)));
    EXPECT_LT(exports[i].at("max_difference").get<double>(), 1e-4 * std::max(1.0, exports[i].at("largest_logit").get<double>()));
    ++i;
    EXPECT_NE(run.standard_output.find(file + ": ONNX opset 17"), std::string::npos) << run.standard_output;
    EXPECT_TRUE(test::run_python("onnx/check_onnx.py", {output("onnx", file), output("onnx", file + ".sample.safetensors"), "2"}));
  }
  ASSERT_TRUE(succeeded(train_alone(flags("test", {"--export", "onnx", "--test-only", "--weights", output("onnx", "model.safetensors")}))));
  EXPECT_TRUE(file_contents(output("test", "model.onnx")) == file_contents(output("onnx", "model.onnx"))) << "the same weights";
  EXPECT_EQ(record("test").at("exports").size(), 1u);
}

}  // namespace
}  // namespace skein
