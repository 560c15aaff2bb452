#include "launcher/report/evaluation_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/run/csv.h"
#include "launcher/report/curve_data.h"
#include "launcher/report/file_text.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxCells = 120000;  // that are not 0

/// A number of images.
double count_of(const std::string& text, const std::string& place) {
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || !(count >= 0))
    throw DataError(concat(place, ": '", text, "' is no number of images"));
  return count;
}

struct Cell {
  std::size_t truth;
  std::size_t predicted;
  double count;
};

/// The largest ones, those of right answers first.
void limit_cells(std::vector<Cell>& cells, const fs::path& file, Problems& problems) {
  if (cells.size() <= kMaxCells) return;
  problems.push_back(concat(file.string(), ": of ", cells.size(), " pairs of classes that are not 0, the ", kMaxCells,
                            " with the most images are shown"));
  std::stable_sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return std::make_pair(a.truth != a.predicted, -a.count) < std::make_pair(b.truth != b.predicted, -b.count);
  });
  cells.resize(kMaxCells);
}

/// Header: anything, then the predicted classes. Rows: the true class, then how many of its images were taken for each.
void add_matrix(json& evaluation, const fs::path& file, const std::string& text, Problems& problems) {
  const auto rows = parse_csv(text);
  if (rows.size() < 2 || rows[0].size() != rows.size())
    throw DataError(concat(file.string(), " is no square table: ", rows.size(), " rows with the header, ",
                           rows.empty() ? 0 : rows[0].size(), " columns with the names"));
  const std::vector<std::string> classes(rows[0].begin() + 1, rows[0].end());
  std::vector<Cell> cells;
  double num_images = 0;
  for (std::size_t row = 1; row < rows.size(); ++row) {
    const std::string place = concat(file.string(), ", row ", row + 1);
    if (rows[row].size() != rows.size() || rows[row][0] != classes[row - 1])
      throw DataError(concat(place, " does not belong to the class '", classes[row - 1], "' with ", classes.size(), " numbers"));
    for (std::size_t column = 1; column < rows.size(); ++column) {
      const double count = count_of(rows[row][column], place);
      num_images += count;
      if (count > 0) cells.push_back({row - 1, column - 1, count});
    }
  }
  limit_cells(cells, file, problems);
  evaluation["classes"] = classes;
  evaluation["num_images"] = short_number(num_images, 15);
  evaluation["cells"] = json::array();
  for (const Cell& cell : cells) evaluation["cells"].push_back({cell.truth, cell.predicted, short_number(cell.count, 15)});
}

constexpr std::size_t kMaxReportClasses = 20000;

/// Of each class its name and numbers.
json classes_of(const json& report) {
  json classes = json::array();
  for (const json& entry : report.value("classes", json::array())) {
    if (!entry.is_object() || classes.size() == kMaxReportClasses) continue;
    json kept;
    for (const char* name : {"name", "support", "predicted", "correct", "precision", "recall", "f1"})
      if (entry.contains(name)) kept[name] = entry.at(name).is_number() ? short_number(entry.at(name).get<double>()) : entry.at(name);
    classes.push_back(kept);
  }
  return classes;
}

/// The classes only where there is no matrix, which says more.
void add_report(json& evaluation, const fs::path& file, const std::string& text) {
  const json report = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object()) throw DataError(file.string() + " is not a JSON object");
  json kept;
  for (const char* name : {"num_images", "accuracy", "step", "epoch"})
    if (report.contains(name) && report.at(name).is_number()) kept[name] = report.at(name);
  for (const char* name : {"macro_average", "weighted_average"})
    if (report.contains(name) && report.at(name).is_object()) kept[name] = report.at(name);
  if (!evaluation.contains("cells")) {
    kept["classes"] = classes_of(report);
    kept["most_confused"] = report.value("most_confused", json::array());
  }
  evaluation["report"] = kept;
}

}  // namespace

json evaluation_json(const fs::path& outputs, Problems& problems) {
  json evaluation;
  attempt(problems, [&] {
    const fs::path file = outputs / "confusion_matrix.csv";
    if (const auto text = file_text(file)) add_matrix(evaluation, file, *text, problems);
  });
  attempt(problems, [&] {
    const fs::path file = outputs / "classification_report.json";
    if (const auto text = file_text(file)) add_report(evaluation, file, *text);
  });
  return evaluation;
}

}  // namespace skein
