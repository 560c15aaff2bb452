#include "tests/trainer/app/trainer_run.h"

#include <fstream>
#include <random>

#include "runtime/process/text.h"
#include "tests/support/run_mpi.h"
#include "trainer/data/encode_png.h"

namespace skein {
namespace {

constexpr int kSide = 40;
constexpr std::chrono::seconds kLimit{150};  // on a busy machine; alone a run takes some seconds

std::vector<std::uint8_t> stripes(int class_number, std::minstd_rand& random) {
  const int width = 2 + class_number;
  const int phase = static_cast<int>(random() % 8);
  std::vector<std::uint8_t> pixels(kSide * kSide);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const int along = class_number % 2 == 0 ? x : y;
      pixels[y * kSide + x] = static_cast<std::uint8_t>((along + phase) / width % 2 * 180 + random() % 60);
    }
  return pixels;
}

CapturedRun run(SubprocessOptions options) {
  return run_captured(std::move(options), Deadline::after(kLimit));
}

}  // namespace

void write_class(const std::filesystem::path& folder, int class_number, int num_images) {
  std::filesystem::create_directories(folder);
  std::minstd_rand random(static_cast<unsigned>(class_number * 1000 + num_images));
  for (int i = 0; i < num_images; ++i) {
    std::vector<std::uint8_t> png;
    encode_png(stripes(class_number, random).data(), {kSide, kSide, 1}, png);
    std::ofstream(folder / concat(i, ".png"), std::ios::binary)
        .write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
  }
}

void write_image_folder(const std::filesystem::path& directory, int num_classes, int num_train, int num_val) {
  for (int number = 0; number < num_classes; ++number) {
    write_class(directory / "train" / concat("class_", number), number, num_train);
    write_class(directory / "val" / concat("class_", number), number, num_val);
  }
}

std::string trainer_program() {
  return SKEIN_TRAINER_PROGRAM;
}

nlohmann::json TrainerTest::record(const std::string& id) const {
  return nlohmann::json::parse(file_contents(run_directory(id) / "run.json"));
}

std::vector<std::string> TrainerTest::flags(const std::string& id, const std::vector<std::string>& more) const {
  std::vector<std::string> all = {"--data-path",
                                  data(),
                                  "--epochs",
                                  "2",
                                  "--batch-size",
                                  "4",
                                  "--lr",
                                  "0.02",
                                  "--train-crop-size",
                                  "32",
                                  "--val-resize-size",
                                  "32",
                                  "--val-crop-size",
                                  "32",
                                  "--runs-dir",
                                  directory() / "runs",
                                  "--experiment",
                                  "test",
                                  "--run-id",
                                  id,
                                  "--threads",
                                  "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

CapturedRun TrainerTest::train(int num_ranks, const std::vector<std::string>& flags,
                               const std::map<std::string, std::string>& environment) const {
  MpiJob job;
  job.num_ranks = num_ranks;
  job.program = {trainer_program()};
  job.program.insert(job.program.end(), flags.begin(), flags.end());
  job.environment = environment;
  return run(mpirun(job));
}

CapturedRun TrainerTest::train_alone(const std::vector<std::string>& flags,
                                     const std::map<std::string, std::string>& environment) const {
  SubprocessOptions options;
  options.argv = {trainer_program()};
  options.argv.insert(options.argv.end(), flags.begin(), flags.end());
  options.environment = environment_without_launcher(environment);
  return run(options);
}

double TrainerTest::last(const std::string& id, const std::string& metric) const {
  return record(id).at("metrics").at(metric).at("last");
}

::testing::AssertionResult succeeded(const CapturedRun& run) {
  if (run.status.success()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << run.status.describe() << "\n" << run.standard_output << run.standard_error;
}

::testing::AssertionResult refused(const CapturedRun& run, int code, const std::vector<std::string>& parts) {
  if (run.status.shell_code() != code)
    return ::testing::AssertionFailure() << run.status.describe() << " instead of code " << code << "\n"
                                         << run.standard_output << run.standard_error;
  for (const std::string& part : parts)
    if (run.standard_error.find(part) == std::string::npos)
      return ::testing::AssertionFailure() << "standard error lacks '" << part << "':\n" << run.standard_error;
  return ::testing::AssertionSuccess();
}

}  // namespace skein
