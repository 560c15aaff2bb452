// The same training, divided differently: over ranks or over batches whose gradients are accumulated.
// BatchNorm is frozen or synchronized, since its batch statistics depend on the division.
//
// Sums in another order round differently, which moves the weights by some 1e-6 of the way they go. Now and then an
// activation lies so close to zero that the rounding decides whether ReLU passes its gradient; such a training ends
// up to 1e-2 of the way elsewhere, always the same on one kind of processor. Therefore a division that disagrees gets
// the chance of other seeds: what is divided wrongly disagrees with all of them.

#include <algorithm>
#include <cmath>
#include <sstream>

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

/// How a training is divided: over ranks, and into batches per rank.
struct Division {
  std::string name;
  int num_ranks;
  std::string batch_size;
  std::vector<std::string> more = {};
  std::string data = "data";  // the folder of the images
  std::string norm = "--freeze-norm";
};

class Equivalence : public TrainerTest {
 protected:
  void SetUp() override {
    write_image_folder(data(), 2, 17, 6);  // steps of 12: the last one has 10 images
  }
  /// The two trainings take the same way, but for the rounding of sums in another order.
  void expect_same(const Division& left, const Division& right) {
    std::ostringstream differences;
    for (const std::string seed : {"1", "2", "3", "4"}) {
      if (compare(trained(left, seed), trained(right, seed), start(seed), differences)) return;
      if (HasFatalFailure()) return;
    }
    ADD_FAILURE() << differences.str();
  }

 private:
  /// A model close to where it began, whose running statistics fit its weights. Returns the run's id.
  std::string start(const std::string& seed) {
    const std::string id = "start-" + seed;
    train_once(id, 1, flags(id, {"--epochs", "6", "--lr", "0.00001", "--seed", seed}));
    return id;
  }
  std::string trained(const Division& division, const std::string& seed) {
    const std::string id = division.name + "-" + seed;
    std::vector<std::string> all = flags(id, {division.norm, "--weights", model(start(seed)), "--batch-size",
                                              division.batch_size, "--lr", "0.001", "--seed", seed});
    all.insert(all.end(), division.more.begin(), division.more.end());
    std::replace(all.begin(), all.end(), data().string(), (directory() / division.data).string());
    train_once(id, division.num_ranks, all);
    return id;
  }
  void train_once(const std::string& id, int num_ranks, const std::vector<std::string>& all) {
    if (std::filesystem::exists(run_directory(id))) return;
    ASSERT_TRUE(succeeded(num_ranks == 1 ? train_alone(all) : train(num_ranks, all)));
  }
  std::filesystem::path model(const std::string& id) const {
    return run_directory(id) / "outputs" / "model.safetensors";
  }
  bool compare(const std::string& left, const std::string& right, const std::string& start,
               std::ostream& differences) const {
    if (HasFatalFailure()) return false;
    const double distance = largest_difference(model(left), model(right));
    const double way = largest_difference(model(start), model(right));
    const double train_loss = std::abs(last(left, "train/loss") - last(right, "train/loss"));
    const double val_loss = std::abs(last(left, "val/loss") - last(right, "val/loss"));
    differences << left << " and " << right << ": weights differ by " << distance << " after a way of " << way
                << ", training loss by " << train_loss << ", validation loss by " << val_loss << "\n";
    return distance < 1e-4 * way && train_loss < 1e-4 && val_loss < 1e-4;
  }
};

const Division kWhole{"whole", 1, "12"};

TEST_F(Equivalence, OverRanks) {
  expect_same({"ranks2", 2, "6"}, kWhole);
  expect_same({"ranks3", 3, "4"}, kWhole);
  expect_same({"ranks4", 4, "3"}, kWhole);
}

TEST_F(Equivalence, OverAccumulatedBatches) {
  expect_same({"accumulated", 1, "4", {"--accumulate", "3"}}, kWhole);
  expect_same({"both", 2, "3", {"--accumulate", "2"}}, kWhole);
}

TEST_F(Equivalence, OfMixedAndRepeatedImages) {
  const std::vector<std::string> more{"--mixup-alpha", "0.4", "--cutmix-alpha", "1", "--ra-sampler", "--ra-reps", "2"};
  const Division whole{"mixed1", 1, "12", more};
  expect_same({"mixed2", 2, "6", more}, whole);
  expect_same({"mixed4", 4, "3", more}, whole);
}

TEST_F(Equivalence, ARankWithoutImagesInTheLastStep) {
  // 34 images in steps of 33: the last step has one image, on rank 0.
  expect_same({"three", 3, "11"}, {"whole33", 1, "33"});
}

TEST_F(Equivalence, OverRanksWithSynchronizedBatchNorm) {
  expect_same({"synced2", 2, "17", {}, "data", "--sync-bn"}, {"alone34", 1, "34", {}, "data", "--sync-bn"});
  // The last step has two images, so the last rank none. They are larger, for the sake of stable statistics.
  const std::vector<std::string> larger{"--train-crop-size", "96"};
  expect_same({"synced4", 4, "8", larger, "data", "--sync-bn"}, {"alone32", 1, "32", larger, "data", "--sync-bn"});
}

TEST_F(Equivalence, SkippingAnImageLeavesItOut) {
  for (const char* name : {"truncated", "removed"})
    std::filesystem::copy(data(), directory() / name, std::filesystem::copy_options::recursive);
  const std::filesystem::path image = std::filesystem::path("train") / "class_1" / "9.png";  // the last in order
  std::filesystem::resize_file(directory() / "truncated" / image, 100);
  std::filesystem::remove(directory() / "removed" / image);
  expect_same({"skipping", 2, "17", {"--unreadable", "skip"}, "truncated"}, {"without", 1, "33", {}, "removed"});
}

}  // namespace
}  // namespace skein
