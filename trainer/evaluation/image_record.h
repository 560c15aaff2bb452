#pragma once
// One image as an evaluation remembers it, and lists of such on their way between ranks.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trainer/evaluation/image_scores.h"

namespace skein {

struct ImageRecord {
  std::int64_t index = 0;  ///< in the source
  std::int32_t label = 0;
  float loss = 0;          ///< -ln of the label's probability; may be infinite or no number
  std::array<std::int32_t, kMaxTopClasses> top_classes{};  ///< the most probable first; as many as ImageScores::num_top
  std::array<float, kMaxTopClasses> top_probabilities{};

  std::int32_t prediction() const { return top_classes[0]; }
  bool is_correct() const { return prediction() == label; }
  double label_probability() const;
};

/// Higher losses first, those that are no numbers before all; equal ones by index. So the order does not depend on the ranks.
bool is_worse(const ImageRecord& a, const ImageRecord& b);

/// As the bytes of an object (collectives/objects.h), for ranks of the same program.
std::string pack_records(std::span<const ImageRecord> records);
void append_records(const std::string& packed, std::vector<ImageRecord>& records);

}  // namespace skein
