#pragma once
// How many images of each class were taken for which.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace skein {

/// Only what is not zero takes memory: at most one entry an image. Used by one thread.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::size_t num_classes) : num_classes_(num_classes) {}

  void add(std::int64_t label, std::int64_t prediction, std::int64_t count = 1) { counts_[{label, prediction}] += count; }
  void clear() { counts_.clear(); }
  std::size_t num_classes() const { return num_classes_; }
  /// By (label, prediction), in that order.
  const std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>& counts() const { return counts_; }
  /// [label][prediction], zeros included.
  std::vector<std::int64_t> dense() const;

  /// As the bytes of an object (collectives/objects.h), and the sum with what another rank has packed.
  std::string pack() const;
  void add_packed(const std::string& packed);

 private:
  std::size_t num_classes_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> counts_;
};

/// Beyond so many classes a table of all pairs is too large to look at, and to write at each epoch's end.
inline constexpr std::size_t kMaxMatrixClasses = 2048;

/// A header "true class,NAME,..." and a row for each true class: its name, then how many of its images were taken for each.
std::string confusion_csv(const ConfusionMatrix& matrix, const std::vector<std::string>& classes);

}  // namespace skein
