#include "trainer/evaluation/predictions_file.h"

#include "runtime/process/text.h"
#include "trainer/evaluation/text_fields.h"

namespace skein {

PredictionsFile::PredictionsFile(const std::filesystem::path& file, const ImageSource& images, int num_top)
    : file_(file), images_(images), num_top_(num_top) {
  std::string header = "index,name,label,prediction,loss";
  for (int k = 1; k <= num_top; ++k) header += concat(",class_", k, ",probability_", k);
  file_.write(header + "\n");
}

void PredictionsFile::append(std::span<const ImageRecord> records) {
  const auto& classes = images_.classes();
  const auto class_name = [&](std::int32_t number) { return csv_field(classes.at(static_cast<std::size_t>(number))); };
  std::string lines;
  for (const ImageRecord& record : records) {
    lines += concat(record.index, ",", csv_field(images_.relative_name(static_cast<std::size_t>(record.index))), ",", class_name(record.label), ",",
                    class_name(record.prediction()), ",", record.loss);
    for (std::size_t k = 0; k < static_cast<std::size_t>(num_top_); ++k)
      lines += concat(",", class_name(record.top_classes[k]), ",", record.top_probabilities[k]);
    lines += "\n";
  }
  file_.write(lines);
}

}  // namespace skein
