// skein-export as its users start it.

#include <fstream>

#include "tests/trainer/app/trainer_run.h"
#include "tests/trainer/weights/python.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class SkeinExport : public TrainerTest {
 protected:
  static CapturedRun start(const std::vector<std::string>& words) {
    SubprocessOptions options;
    options.argv = {SKEIN_EXPORT_PROGRAM};
    options.argv.insert(options.argv.end(), words.begin(), words.end());
    return run_captured(options, Deadline::after(std::chrono::seconds(60)));
  }
  std::string written(const std::string& name, const std::string& contents) const {
    std::ofstream(directory() / name) << contents;
    return directory() / name;
  }
};

TEST_F(SkeinExport, TakesFromTheRunWhatIsNotGiven) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train_alone(flags("run", {"--epochs", "1", "--export", "onnx", "--interpolation", "nearest", "--exif-orientation", "ignore", "--no-antialias"}))));
  const fs::path outputs = run_directory("run") / "outputs";
  const std::string out = directory() / "again.onnx";
  const CapturedRun again = start({outputs / "model.safetensors", out});
  ASSERT_TRUE(succeeded(again));
  EXPECT_NE(again.standard_output.find("again.onnx: ONNX opset 17, 49 nodes"), std::string::npos) << again.standard_output;
  EXPECT_TRUE(file_contents(out) == file_contents(outputs / "model.onnx")) << "the same model, classes and sizes";

  EXPECT_NE(file_contents(out).find(R"("antialias":false,"channels":"RGB","crop":32,"exif_orientation":"ignore","interpolation":"nearest")"), std::string::npos);

  // Elsewhere all must be said; what is said wins.
  const std::string weights = directory() / "moved.safetensors";
  fs::copy_file(outputs / "model.safetensors", weights);
  EXPECT_TRUE(refused(start({weights}), 2, {"--model is needed", weights}));
  const std::vector<std::string> words{weights,           "--model",        "resnet18", "--classes", outputs / "classes.json",
                                       "--val-crop-size", "48", "--val-resize-size", "40", "--interpolation", "bicubic"};
  ASSERT_TRUE(succeeded(start(words)));
  const std::string moved = directory() / "moved.onnx";
  EXPECT_NE(file_contents(moved).find("\"crop\":48"), std::string::npos);
  EXPECT_NE(file_contents(moved).find("\"resize\":40"), std::string::npos);
  EXPECT_NE(file_contents(moved).find("\"interpolation\":\"bicubic\""), std::string::npos);
  EXPECT_TRUE(test::run_python("onnx/check_onnx.py", {moved, moved + ".sample.safetensors", "2"}));
  EXPECT_TRUE(refused(start({weights, "--model", "resnet34"}), 4, {weights, "layer1.2"}));
  const std::string three = written("three.json", R"({"classes": ["a", "b", "c"]})");
  EXPECT_TRUE(refused(start({weights, "--model", "resnet18", "--classes", three}), 4, {"tells 2 classes apart, but there are 3"}));
  EXPECT_TRUE(refused(start({weights, "/proc/nothing/m.onnx", "--model", "resnet18"}), 8, {"/proc/nothing", "the argument FILE"}));
}

TEST_F(SkeinExport, RefusesBadValues) {
  EXPECT_TRUE(refused(start({}), 2, {"WEIGHTS"}));
  EXPECT_TRUE(refused(start({"none.safetensors", "--model", "resnet18"}), 2, {"none.safetensors is no file"}));
  const std::string text = written("text.safetensors", "no weights");
  EXPECT_TRUE(refused(start({text, "--model", "resnet18"}), 4, {text}));
  EXPECT_TRUE(refused(start({text, "--model", "resnet17"}), 2, {"--model", "resnet17"}));
  EXPECT_TRUE(refused(start({text, "--model", "resnet18", "--val-crop-size", "0"}), 2, {"--val-crop-size"}));
  EXPECT_TRUE(refused(start({text, "--model", "resnet18", "--classes", text}), 4, {"is not JSON"}));
  EXPECT_TRUE(refused(start({text, "--model", "resnet18", "--classes", written("list.json", "[1]")}), 4, {"holds no list \"classes\""}));
  EXPECT_FALSE(fs::exists(directory() / "text.onnx"));
}

}  // namespace
}  // namespace skein
