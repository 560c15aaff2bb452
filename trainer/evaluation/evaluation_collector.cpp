#include "trainer/evaluation/evaluation_collector.h"

#include <algorithm>

namespace skein {
namespace {

ImageRecord record_of(const Batch& batch, const ImageScores& scores, std::size_t i) {
  ImageRecord record;
  record.index = static_cast<std::int64_t>(batch.indices[i]);
  record.label = static_cast<std::int32_t>(batch.labels[i]);
  record.loss = scores.losses[i];
  for (std::size_t k = 0; k < static_cast<std::size_t>(scores.num_top); ++k) {
    const std::size_t at = i * static_cast<std::size_t>(scores.num_top) + k;
    record.top_classes[k] = static_cast<std::int32_t>(scores.top_classes[at]);
    record.top_probabilities[k] = scores.top_probabilities[at];
  }
  return record;
}

}  // namespace

void EvaluationCollector::begin() {
  matrix_.clear();
  worst_.clear();
  predictions_.clear();
}

void EvaluationCollector::add(const Batch& batch, const ImageScores& scores) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch.num_images); ++i) {
    const ImageRecord record = record_of(batch, scores, i);
    matrix_.add(record.label, record.prediction());
    offer(record);
    if (options_.keeps_predictions) predictions_.push_back(record);
  }
}

void EvaluationCollector::offer(const ImageRecord& record) {
  if (options_.num_worst == 0) return;
  if (worst_.size() == options_.num_worst) {
    if (!is_worse(record, worst_.front())) return;
    std::pop_heap(worst_.begin(), worst_.end(), is_worse);
    worst_.pop_back();
  }
  worst_.push_back(record);
  std::push_heap(worst_.begin(), worst_.end(), is_worse);
}

std::vector<ImageRecord> EvaluationCollector::worst() const {
  std::vector<ImageRecord> sorted = worst_;
  std::sort(sorted.begin(), sorted.end(), is_worse);
  return sorted;
}

}  // namespace skein
