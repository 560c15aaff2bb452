#pragma once
// The trainer as its users start it, on pictures made for the test.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/process/subprocess.h"
#include "tests/support/temporary_directory.h"

namespace skein {

/// Writes `num_images` 40x40 PNG files of one class: stripes whose width and direction tell the class, with
/// noise.
void write_class(const std::filesystem::path& folder, int class_number, int num_images);

/// DIR/train and DIR/val with class_0, class_1, ... of so many images each.
void write_image_folder(const std::filesystem::path& directory, int num_classes, int num_train, int num_val);

/// A folder for images and runs, and the trainer in it.
class TrainerTest : public ::testing::Test {
 protected:
  const std::filesystem::path& directory() const { return directory_.path(); }
  std::filesystem::path data() const { return directory() / "data"; }
  std::filesystem::path run_directory(const std::string& id) const { return directory() / "runs" / "test" / id; }
  nlohmann::json record(const std::string& id) const;

  /// Flags of a short training of a small model on data(), whose run is `id`.
  std::vector<std::string> flags(const std::string& id, const std::vector<std::string>& more = {}) const;
  CapturedRun train(int num_ranks, const std::vector<std::string>& flags,
                    const std::map<std::string, std::string>& environment = {}) const;
  /// Without mpirun.
  CapturedRun train_alone(const std::vector<std::string>& flags,
                          const std::map<std::string, std::string>& environment = {}) const;
  /// The last value of a metric of a run.
  double last(const std::string& id, const std::string& metric) const;

 private:
  TemporaryDirectory directory_;
};

/// The program under test.
std::string trainer_program();

::testing::AssertionResult succeeded(const CapturedRun& run);
/// The run ended with `code` and said `parts`.
::testing::AssertionResult refused(const CapturedRun& run, int code, const std::vector<std::string>& parts);

}  // namespace skein
