#pragma once
// What a network says of a batch of labelled images; filled in by Learner::evaluate.

#include <cstdint>
#include <vector>

namespace skein {

/// More of the most probable classes are not kept of an image.
inline constexpr int kMaxTopClasses = 5;

struct ImageScores {
  int num_top = 0;                       ///< min(kMaxTopClasses, classes)
  std::vector<float> losses;             ///< [images]: -ln of the label's probability, whatever the label smoothing
  std::vector<std::int64_t> top_classes;  ///< [images][num_top], the most probable first
  std::vector<float> top_probabilities;  ///< likewise
};

}  // namespace skein
