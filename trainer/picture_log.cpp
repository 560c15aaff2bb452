#include "trainer/picture_log.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "runtime/run/csv.h"
#include "trainer/data/encode_png.h"
#include "trainer/data/file_bytes.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image/picture_sheet.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxTrainingImages = 32;
constexpr std::size_t kMaxClasses = 704;      // of a picture with a pixel for each pair
constexpr std::size_t kMaxNamedClasses = 100;
constexpr int kMaxWorstImages = 16;

EncodedPicture encoded(const RgbImage& image) {
  std::vector<std::uint8_t> png;
  encode_png(image.data(), {image.width(), image.height(), 3}, png);
  return {{png.begin(), png.end()}, image.width(), image.height()};
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::int64_t count_of(const std::string& text, const fs::path& file) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0)
    throw DataError(concat(file.string(), ": '", text, "' is no number of images"));
  return count;
}

/// In Markdown's code, so that nothing in a name is taken for HTML or a link.
std::string as_code(std::string text) {
  std::replace(text.begin(), text.end(), '`', '\'');
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "`" + text + "`";
}

/// "0 `chicken`, 1 `turkey`"
std::string numbered(const std::vector<std::string>& header) {
  std::string text = "Rows: true classes. Columns: what they were taken for.";
  const std::size_t num_named = std::min(header.size(), kMaxNamedClasses + 1);
  for (std::size_t i = 1; i < num_named; ++i) text += concat(i == 1 ? " " : ", ", i - 1, " ", as_code(header[i]));
  return text;
}

void log_confusion_matrix(RunJournal& journal, const fs::path& file, std::int64_t step) {
  const auto rows = parse_csv(text_of(file));
  if (rows.empty() || rows.size() - 1 > kMaxClasses) return;
  std::vector<std::int64_t> counts;
  for (std::size_t row = 1; row < rows.size(); ++row) {
    if (rows[row].size() != rows.size()) throw DataError(file.string() + " is no square table");
    for (std::size_t column = 1; column < rows.size(); ++column) counts.push_back(count_of(rows[row][column], file));
  }
  if (counts.empty()) return;
  journal.log_picture("val/confusion_matrix", encoded(sheet_of_confusion(counts, static_cast<int>(rows.size()) - 1)), step);
  journal.log_text("val/confusion_matrix_classes", numbered(rows[0]), step);
}

/// One picture a tag: TensorBoard shows them beside one another. A text says which is which.
void log_worst_images(RunJournal& journal, const fs::path& file, std::int64_t step) {
  const auto list = nlohmann::json::parse(text_of(file));
  std::vector<std::uint8_t> buffer;
  std::string legend;
  int number = 0;
  for (const auto& entry : list.at("images")) {
    if (!entry.contains("thumbnail") || ++number > kMaxWorstImages) continue;
    const fs::path thumbnail = file.parent_path() / entry.at("thumbnail").get<std::string>();
    const auto bytes = read_file(thumbnail, buffer);
    RgbImage image;
    decode_image(bytes, thumbnail.string(), image);
    const std::string name = concat(number < 10 ? "0" : "", number);
    journal.log_picture("val/worst_images/" + name, {std::string(bytes.begin(), bytes.end()), image.width(), image.height()}, step);
    legend += concat("- ", name, ": ", as_code(entry.value("label", "?")), " taken for ", as_code(entry.value("prediction", "?")), ", ",
                     as_code(entry.value("name", "?")), "\n");
  }
  if (!legend.empty()) journal.log_text("val/worst_images_list", legend, step);
}

template <class Part>
void attempt(Part&& part) {
  try {
    part();
  } catch (const std::exception& error) {
    log_warning(concat("TensorBoard gets no picture of it: ", error.what()));
  }
}

}  // namespace

void log_training_images(RunJournal& journal, const Batch& batch, std::int64_t step) {
  if (batch.num_images > 0 && journal.takes_pictures())
    journal.log_picture("train/images", encoded(sheet_of(batch, kMaxTrainingImages)), step);
}

void log_evaluation_pictures(RunJournal& journal, const fs::path& outputs, std::int64_t step) {
  if (!journal.takes_pictures()) return;
  if (const fs::path file = outputs / "confusion_matrix.csv"; fs::exists(file))
    attempt([&] { log_confusion_matrix(journal, file, step); });
  if (const fs::path file = outputs / "worst_images.json"; fs::exists(file))
    attempt([&] { log_worst_images(journal, file, step); });
}

}  // namespace skein
