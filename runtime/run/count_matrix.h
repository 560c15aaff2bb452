#pragma once
// A square table of counts by two classes: a confusion matrix.

#include <cstdint>
#include <string>
#include <vector>

namespace skein {

/// What metrics.h5 calls the one of an evaluation; no metric may be called so.
inline constexpr const char* kConfusionMatrix = "val/confusion_matrix";

struct CountMatrix {
  std::vector<std::string> classes;
  std::vector<std::int64_t> counts;  ///< [classes][classes]: [true][predicted]
  std::int64_t step = 0;             ///< after which it was counted
  int epoch = 0;

  bool is_empty() const { return classes.empty(); }
};

}  // namespace skein
