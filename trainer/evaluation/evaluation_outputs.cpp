#include "trainer/evaluation/evaluation_outputs.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "collectives/objects.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "trainer/evaluation/predictions_file.h"
#include "trainer/evaluation/worst_images.h"

namespace skein {
namespace {

using nlohmann::json;

constexpr std::int64_t kImagesAtOnce = 1 << 16;  // whose records rank 0 holds while it writes them

CollectorOptions collector_options(const ImageSource& images, const EvaluationOutputOptions& options) {
  return {images.classes().size(), options.num_worst, options.writes_predictions};
}

/// Those of images [begin, end); records are by index.
std::span<const ImageRecord> part_of(const std::vector<ImageRecord>& records, std::int64_t begin, std::int64_t end) {
  const auto before = [](const ImageRecord& record, std::int64_t index) { return record.index < index; };
  const auto first = std::lower_bound(records.begin(), records.end(), begin, before);
  const auto last = std::lower_bound(first, records.end(), end, before);
  return {first, last};
}

}  // namespace

EvaluationOutputs::EvaluationOutputs(const ImageSource& images, Communicator& communicator, EvaluationOutputOptions options)
    : images_(images),
      communicator_(communicator),
      options_(std::move(options)),
      collector_(collector_options(images, options_)),
      matrix_(images.classes().size()) {}

void EvaluationOutputs::begin() {
  collector_.begin();
  is_finished_ = false;
}

void EvaluationOutputs::finish(const EvaluationPlace& place) {
  place_ = place;
  is_finished_ = true;
  matrix_.clear();
  for (const std::string& packed : gather_objects(communicator_, collector_.matrix().pack(), 0)) matrix_.add_packed(packed);
  if (!is_main()) return;
  report_ = classification_report(matrix_, images_.classes());
  write_matrix("");
  if (place.is_best) write_matrix("_best");
}

void EvaluationOutputs::write_matrix(const char* suffix) const {
  json contents = about();
  contents.update(to_json(*report_));
  write_file_atomically(options_.folder / concat("classification_report", suffix, ".json"),
                        contents.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  if (images_.classes().size() <= kMaxMatrixClasses)
    write_file_atomically(options_.folder / concat("confusion_matrix", suffix, ".csv"), confusion_csv(matrix_, images_.classes()));
}

CountMatrix EvaluationOutputs::confusion_counts() const {
  if (!report_ || images_.classes().size() > kMaxMatrixClasses) return {};
  return {images_.classes(), matrix_.dense(), place_.step, place_.epoch};
}

json EvaluationOutputs::about() const {
  return {{"step", place_.step}, {"epoch", place_.epoch}};
}

void EvaluationOutputs::write_images() {
  if (!is_finished_) return;
  if (options_.num_worst > 0) write_worst();
  if (options_.writes_predictions) write_predictions();
}

void EvaluationOutputs::write_worst() {
  std::vector<ImageRecord> worst;
  for (const std::string& packed : gather_objects(communicator_, pack_records(collector_.worst()), 0)) append_records(packed, worst);
  if (!is_main()) return;
  std::sort(worst.begin(), worst.end(), is_worse);
  worst.resize(std::min(worst.size(), options_.num_worst));
  write_worst_images(options_.folder, images_, worst, about(), options_.decode);
}

void EvaluationOutputs::write_predictions() {
  const auto num_images = static_cast<std::int64_t>(images_.num_images());
  std::optional<PredictionsFile> file;
  const int num_top = static_cast<int>(std::min<std::size_t>(kMaxTopClasses, images_.classes().size()));
  if (is_main()) file.emplace(options_.folder / "predictions.csv", images_, num_top);
  for (std::int64_t begin = 0; begin < num_images; begin += kImagesAtOnce) {
    std::vector<ImageRecord> records;
    const auto own = part_of(collector_.predictions(), begin, begin + kImagesAtOnce);
    for (const std::string& packed : gather_objects(communicator_, pack_records(own), 0)) append_records(packed, records);
    if (!is_main()) continue;
    std::sort(records.begin(), records.end(), [](const ImageRecord& a, const ImageRecord& b) { return a.index < b.index; });
    file->append(records);
  }
  if (file) file->commit();
}

}  // namespace skein
