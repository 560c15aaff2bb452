#pragma once
// What a confusion matrix says of each class: support, precision, recall, F1, as scikit-learn's classification_report counts them.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "trainer/evaluation/confusion_matrix.h"

namespace skein {

/// Shares are from 0 to 1.
struct ClassScores {
  std::string name;
  std::int64_t support = 0;    ///< its images
  std::int64_t predicted = 0;  ///< images taken for it
  std::int64_t correct = 0;

  double precision() const { return predicted > 0 ? static_cast<double>(correct) / static_cast<double>(predicted) : 0; }
  /// The accuracy among its images; 0 where there are none.
  double recall() const { return support > 0 ? static_cast<double>(correct) / static_cast<double>(support) : 0; }
  /// The harmonic mean of the two.
  double f1() const { return support + predicted > 0 ? 2 * static_cast<double>(correct) / static_cast<double>(support + predicted) : 0; }
};

/// A pair of classes, and how many images of the one were taken for the other.
struct Confusion {
  std::int64_t label = 0;
  std::int64_t prediction = 0;
  std::int64_t count = 0;
};

struct ClassificationReport {
  std::vector<ClassScores> classes;
  std::vector<Confusion> most_confused;  ///< at most ten pairs, the most frequent first
  std::int64_t num_images = 0;
  std::int64_t num_correct = 0;

  double accuracy() const { return num_images > 0 ? static_cast<double>(num_correct) / static_cast<double>(num_images) : 0; }
};

ClassificationReport classification_report(const ConfusionMatrix& matrix, const std::vector<std::string>& classes);

/// As docs/formats.md describes it. Averages are over the classes that have images.
nlohmann::json to_json(const ClassificationReport& report);

/// A table of up to 20 classes; of more, those with the least recall. Lines for the log.
std::vector<std::string> report_table(const ClassificationReport& report);

}  // namespace skein
