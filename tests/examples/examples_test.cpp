// The programs of examples/, as their readers start them.

#include <gtest/gtest.h>

#include <random>
#include <regex>

#include "tests/support/run_mpi.h"
#include "tests/support/temporary_directory.h"

namespace skein {
namespace {

std::string output_of(const std::string& program, const std::vector<std::string>& arguments) {
  MpiJob job;
  job.program = {std::string(EXAMPLES_DIR) + "/" + program};
  job.program.insert(job.program.end(), arguments.begin(), arguments.end());
  const CapturedRun run = run_mpi(job, Deadline::after(std::chrono::seconds(110)));
  EXPECT_TRUE(run.status.success()) << run.status.describe() << run.standard_error;
  return run.standard_output;
}

/// The numbers behind `label` in a text.
std::vector<double> numbers_after(const std::string& label, const std::string& text) {
  std::vector<double> numbers;
  const std::regex pattern(label + "([0-9.]+)");
  for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator(); ++match)
    numbers.push_back(std::stod((*match)[1]));
  return numbers;
}

void append_number(std::string& bytes, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(number >> shift));
}

/// Pictures of 28 x 28 pixels, in which the label's three rows are bright.
void write_mnist(const std::filesystem::path& folder, const std::string& part, std::uint32_t num_images) {
  std::string images, labels;
  for (const std::uint32_t number : {0x803u, num_images, 28u, 28u}) append_number(images, number);
  for (const std::uint32_t number : {0x801u, num_images}) append_number(labels, number);
  std::minstd_rand random(num_images);
  for (std::uint32_t i = 0; i < num_images; ++i) {
    const auto label = static_cast<int>(random() % 10);
    labels.push_back(static_cast<char>(label));
    for (int pixel = 0; pixel < 28 * 28; ++pixel) {
      const int row = pixel / 28;
      images.push_back(static_cast<char>(row >= 2 * label && row < 2 * label + 3 ? 150 + random() % 100 : random() % 100));
    }
  }
  std::ofstream(folder / (part + "-images-idx3-ubyte"), std::ios::binary) << images;
  std::ofstream(folder / (part + "-labels-idx1-ubyte"), std::ios::binary) << labels;
}

TEST(Examples, MnistLearns) {
  const TemporaryDirectory folder;
  write_mnist(folder.path(), "train", 1001);
  write_mnist(folder.path(), "t10k", 101);
  const std::string output = output_of("mnist", {folder.path(), "3"});
  const std::vector<double> losses = numbers_after(": loss ", output);
  ASSERT_EQ(losses.size(), 3u) << output;
  EXPECT_LT(losses[2], 0.5 * losses[0]) << output;
  EXPECT_GT(numbers_after("test loss [0-9.]+, accuracy ", output).back(), 90) << output;
  EXPECT_NE(output.find("2 ranks hold the same model"), std::string::npos) << output;
}

TEST(Examples, ATrainingOfACustomDatasetGoesOn) {
  const TemporaryDirectory folder;
  const std::string whole = output_of("custom_dataset", {folder.path() / "whole", "4"});
  const std::vector<double> losses = numbers_after(": loss ", whole);
  ASSERT_EQ(losses.size(), 4u) << whole;
  EXPECT_LT(losses[3], 0.5 * losses[0]) << whole;
  const std::string first = output_of("custom_dataset", {folder.path() / "parts", "2"});
  const std::string second = output_of("custom_dataset", {folder.path() / "parts", "4"});
  EXPECT_NE(second.find("goes on after epoch 2"), std::string::npos) << second;
  std::vector<double> parts = numbers_after(": loss ", first);
  for (const double loss : numbers_after(": loss ", second)) parts.push_back(loss);
  EXPECT_EQ(parts, losses) << "the same, to the digits that are printed";
  EXPECT_NE(second.find("2 ranks hold the same model"), std::string::npos) << second;
}

TEST(Examples, AGeneratorFindsTheRing) {
  const std::string output = output_of("gan", {"600"});
  const std::vector<double> distances = numbers_after(": ", output);
  ASSERT_EQ(distances.size(), 7u) << output;
  EXPECT_LT(distances.back(), 0.5 * distances.front()) << output;
  EXPECT_NE(output.find("2 ranks hold the same models"), std::string::npos) << output;
}

}  // namespace
}  // namespace skein
