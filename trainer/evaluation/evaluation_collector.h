#pragma once
// What one rank keeps of an evaluation, image by image.

#include <cstdint>
#include <vector>

#include "trainer/data/batch.h"
#include "trainer/evaluation/confusion_matrix.h"
#include "trainer/evaluation/image_record.h"
#include "trainer/evaluation/image_scores.h"

namespace skein {

struct CollectorOptions {
  std::size_t num_classes = 2;
  std::size_t num_worst = 0;       ///< images with the highest losses
  bool keeps_predictions = false;  ///< all images: 56 bytes each
};

/// Memory: an entry for each pair of classes that occurs, `num_worst` records, and predictions where they are kept.
class EvaluationCollector {
 public:
  explicit EvaluationCollector(const CollectorOptions& options) : options_(options), matrix_(options.num_classes) {}

  /// Forgets what is there.
  void begin();
  void add(const Batch& batch, const ImageScores& scores);

  const ConfusionMatrix& matrix() const { return matrix_; }
  /// The worst first (is_worse).
  std::vector<ImageRecord> worst() const;
  /// By index, where images came so; none unless they are kept.
  const std::vector<ImageRecord>& predictions() const { return predictions_; }

 private:
  void offer(const ImageRecord& record);

  CollectorOptions options_;
  ConfusionMatrix matrix_;
  std::vector<ImageRecord> worst_;  ///< a heap whose front is the least bad
  std::vector<ImageRecord> predictions_;
};

}  // namespace skein
