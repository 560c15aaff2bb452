#pragma once
// Loss and hits over some images: sums, so that tallies of batches and ranks add up to the tally of all their
// images.

#include <array>
#include <cstdint>

namespace skein {

struct Tally {
  double loss = 0;          ///< sum over the images
  double correct = 0;       ///< images whose class came first (whole numbers)
  double correct_top5 = 0;  ///< images whose class was among the first five, or fewer where there are fewer classes
  double num_images = 0;

  Tally& operator+=(const Tally& other) {
    loss += other.loss;
    correct += other.correct;
    correct_top5 += other.correct_top5;
    num_images += other.num_images;
    return *this;
  }
  std::array<double, 4> values() const { return {loss, correct, correct_top5, num_images}; }
  static Tally of(const std::array<double, 4>& values) { return {values[0], values[1], values[2], values[3]}; }

  double mean_loss() const { return num_images > 0 ? loss / num_images : 0; }
  double accuracy() const { return num_images > 0 ? 100 * correct / num_images : 0; }            ///< per cent
  double accuracy_top5() const { return num_images > 0 ? 100 * correct_top5 / num_images : 0; }  ///< per cent
};

}  // namespace skein
