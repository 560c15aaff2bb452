#pragma once
// What an evaluation leaves behind in outputs/, put together from what each rank has seen of it.

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "collectives/communicator.h"
#include "runtime/run/count_matrix.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image_source.h"
#include "trainer/evaluation/classification_report.h"
#include "trainer/evaluation/evaluation_collector.h"

namespace skein {

struct EvaluationOutputOptions {
  std::filesystem::path folder;    ///< on rank 0
  std::size_t num_worst = 32;      ///< 0: no worst_images.json
  bool writes_predictions = false;
  DecodeOptions decode;            ///< of the pictures that are shown small
};

/// When an evaluation took place.
struct EvaluationPlace {
  std::int64_t step = 0;
  int epoch = 0;
  bool is_best = false;  ///< so far
};

/// Every rank has one and calls the same functions; each image must be seen by one rank once. The files do not depend on the number
/// of ranks but for the last digits of losses. Rank 0 writes them; its memory holds what its own collector does, and 3.5 MiB.
class EvaluationOutputs {
 public:
  /// `images` (the validation images) and `communicator` must outlive it.
  EvaluationOutputs(const ImageSource& images, Communicator& communicator, EvaluationOutputOptions options);

  /// A new evaluation begins; what was collected goes.
  void begin();
  void add(const Batch& batch, const ImageScores& scores) { collector_.add(batch, scores); }

  /// All images have been added. Rank 0 writes confusion_matrix.csv (up to kMaxMatrixClasses) and classification_report.json, of the
  /// best evaluation also as confusion_matrix_best.csv and classification_report_best.json. Collective.
  void finish(const EvaluationPlace& place);
  /// Of the evaluation that has just been finished: worst_images.json with its pictures, and predictions.csv. Without one what is there
  /// stays: a training that is resumed may find nothing left to do. Collective.
  void write_images();

  /// Of the evaluation finished last; on rank 0, empty before the first.
  const std::optional<ClassificationReport>& report() const { return report_; }
  /// The matrix likewise, for metrics.h5; empty beyond kMaxMatrixClasses.
  CountMatrix confusion_counts() const;

 private:
  bool is_main() const { return communicator_.rank() == 0; }
  void write_matrix(const char* suffix) const;
  nlohmann::json about() const;
  void write_worst();
  void write_predictions();

  const ImageSource& images_;
  Communicator& communicator_;
  EvaluationOutputOptions options_;
  EvaluationCollector collector_;
  EvaluationPlace place_;
  bool is_finished_ = false;
  ConfusionMatrix matrix_;  ///< of all ranks, on rank 0
  std::optional<ClassificationReport> report_;
};

}  // namespace skein
