#include "trainer/evaluation/classification_report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "runtime/process/text.h"
#include "trainer/evaluation/text_fields.h"

namespace skein {
namespace {

using nlohmann::json;

constexpr std::size_t kMostConfused = 10;
constexpr std::size_t kTableRows = 20;   // of classes; of more, only
constexpr std::size_t kWorstClasses = 5;  // are shown

/// The mean of a score over the classes that have images; each counts once, or as often as it has images.
template <class Score>
double average(const ClassificationReport& report, bool by_support, Score&& score) {
  double sum = 0, weights = 0;
  for (const ClassScores& scores : report.classes) {
    if (scores.support == 0) continue;
    const double weight = by_support ? static_cast<double>(scores.support) : 1;
    sum += weight * score(scores);
    weights += weight;
  }
  return weights > 0 ? sum / weights : 0;
}

json averages(const ClassificationReport& report, bool by_support) {
  return {{"precision", json_number(average(report, by_support, [](const ClassScores& c) { return c.precision(); }))},
          {"recall", json_number(average(report, by_support, [](const ClassScores& c) { return c.recall(); }))},
          {"f1", json_number(average(report, by_support, [](const ClassScores& c) { return c.f1(); }))}};
}

std::string table_row(std::size_t name_width, const ClassScores& scores) {
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "  %9.3f  %9.3f  %9.3f  %9lld", scores.precision(), scores.recall(), scores.f1(),
                static_cast<long long>(scores.support));
  return scores.name + std::string(name_width - std::min(name_width, scores.name.size()), ' ') + numbers;
}

}  // namespace

ClassificationReport classification_report(const ConfusionMatrix& matrix, const std::vector<std::string>& classes) {
  ClassificationReport report;
  report.classes.resize(classes.size());
  for (std::size_t i = 0; i < classes.size(); ++i) report.classes[i].name = classes[i];
  for (const auto& [pair, count] : matrix.counts()) {
    const auto [label, prediction] = pair;
    report.num_images += count;
    report.classes.at(static_cast<std::size_t>(label)).support += count;
    report.classes.at(static_cast<std::size_t>(prediction)).predicted += count;
    if (label == prediction) {
      report.num_correct += count;
      report.classes[static_cast<std::size_t>(label)].correct += count;
    } else {
      report.most_confused.push_back({label, prediction, count});
    }
  }
  std::stable_sort(report.most_confused.begin(), report.most_confused.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  report.most_confused.resize(std::min(report.most_confused.size(), kMostConfused));
  return report;
}

json to_json(const ClassificationReport& report) {
  json classes = json::array();
  for (const ClassScores& scores : report.classes)
    classes.push_back({{"name", scores.name},
                       {"support", scores.support},
                       {"predicted", scores.predicted},
                       {"correct", scores.correct},
                       {"precision", json_number(scores.precision())},
                       {"recall", json_number(scores.recall())},
                       {"f1", json_number(scores.f1())}});
  json confused = json::array();
  for (const Confusion& pair : report.most_confused)
    confused.push_back({{"label", report.classes[static_cast<std::size_t>(pair.label)].name},
                        {"prediction", report.classes[static_cast<std::size_t>(pair.prediction)].name},
                        {"count", pair.count}});
  return {{"num_images", report.num_images},
          {"accuracy", json_number(report.accuracy())},
          {"macro_average", averages(report, false)},
          {"weighted_average", averages(report, true)},
          {"classes", classes},
          {"most_confused", confused}};
}

std::vector<std::string> report_table(const ClassificationReport& report) {
  std::vector<ClassScores> shown = report.classes;
  std::vector<std::string> lines;
  std::string title = "class";
  if (shown.size() > kTableRows) {
    std::erase_if(shown, [](const ClassScores& scores) { return scores.support == 0; });
    std::stable_sort(shown.begin(), shown.end(), [](const ClassScores& a, const ClassScores& b) { return a.recall() < b.recall(); });
    shown.resize(std::min(shown.size(), kWorstClasses));
    title = "lowest recall";
  }
  std::size_t width = title.size();
  for (const ClassScores& scores : shown) width = std::max(width, scores.name.size());
  lines.push_back(concat(title, std::string(width - title.size(), ' '), "  precision     recall         F1     images"));
  for (const ClassScores& scores : shown) lines.push_back(table_row(width, scores));
  return lines;
}

}  // namespace skein
