// The same training, divided differently: over ranks or over batches whose gradients are accumulated.
// BatchNorm is frozen, since its batch statistics depend on the division.

#include <cmath>

#include "tests/trainer/app/trainer_run.h"
#include "trainer/weights/weight_file.h"

namespace skein {
namespace {

/// Largest difference between two models' float32 values, relative to those beyond 1.
double largest_difference(const std::filesystem::path& left, const std::filesystem::path& right) {
  const WeightFile a = open_weight_file(left.string());
  const WeightFile b = open_weight_file(right.string());
  EXPECT_EQ(a.tensors.size(), b.tensors.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    if (a.tensors[i].type != ElementType::kFloat32) continue;
    const auto* x = reinterpret_cast<const float*>(a.tensors[i].bytes.data());
    const auto* y = reinterpret_cast<const float*>(b.tensors[i].bytes.data());
    for (std::size_t k = 0; k < a.tensors[i].bytes.size() / sizeof(float); ++k)
      largest = std::max(largest, double{std::abs(x[k] - y[k]) / std::max(1.0f, std::abs(x[k]))});
  }
  return largest;
}

class Equivalence : public TrainerTest {
 protected:
  void SetUp() override {
    write_image_folder(data(), 2, 17, 6);  // steps of 12: the last one has 10 images
    // The weights stay close to where they began, and the running statistics come to fit them.
    ASSERT_TRUE(succeeded(train_alone(flags("start", {"--epochs", "6", "--lr", "0.00001"}))));
    ASSERT_TRUE(succeeded(train_alone(fine_tuning("whole", "12"))));
  }
  std::vector<std::string> fine_tuning(const std::string& id, const std::string& batch_size,
                                       const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all =
        flags(id, {"--freeze-norm", "--weights", run_directory("start") / "outputs" / "model.safetensors",
                   "--batch-size", batch_size, "--lr", "0.001"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  /// Two trainings took the same way from the start, but for the rounding of sums in another order.
  void expect_same(const std::string& left, const std::string& right) const {
    EXPECT_NEAR(last(left, "train/loss"), last(right, "train/loss"), 1e-4) << left;
    EXPECT_NEAR(last(left, "val/loss"), last(right, "val/loss"), 1e-4) << left;
    const auto model = [&](const std::string& run) {
      return run_directory(run) / "outputs" / "model.safetensors";
    };
    const double distance = largest_difference(model(left), model(right));
    const double way = largest_difference(model("start"), model(right));
    EXPECT_LT(distance, 1e-4 * way) << left << " differs by " << distance << " after a way of " << way;
  }
};

TEST_F(Equivalence, OverRanks) {
  for (const int num_ranks : {2, 3, 4}) {
    const std::string id = "ranks" + std::to_string(num_ranks);
    ASSERT_TRUE(succeeded(train(num_ranks, fine_tuning(id, std::to_string(12 / num_ranks)))));
    expect_same(id, "whole");
  }
}

TEST_F(Equivalence, OverAccumulatedBatches) {
  ASSERT_TRUE(succeeded(train_alone(fine_tuning("accumulated", "4", {"--accumulate", "3"}))));
  expect_same("accumulated", "whole");
  ASSERT_TRUE(succeeded(train(2, fine_tuning("both", "3", {"--accumulate", "2"}))));
  expect_same("both", "whole");
}

TEST_F(Equivalence, ARankWithoutImagesInTheLastStep) {
  // 34 images in steps of 33: the last step has one image, on rank 0.
  ASSERT_TRUE(succeeded(train_alone(fine_tuning("whole33", "33"))));
  ASSERT_TRUE(succeeded(train(3, fine_tuning("three", "11"))));
  expect_same("three", "whole33");
}

TEST_F(Equivalence, SkippingAnImageLeavesItOut) {
  const std::filesystem::path image = data() / "train" / "class_1" / "9.png";  // the last in order
  std::filesystem::resize_file(image, 100);
  ASSERT_TRUE(succeeded(train(2, fine_tuning("skipped", "17", {"--unreadable", "skip"}))));
  std::filesystem::remove(image);
  ASSERT_TRUE(succeeded(train_alone(fine_tuning("removed", "33"))));
  expect_same("skipped", "removed");
}

}  // namespace
}  // namespace skein
