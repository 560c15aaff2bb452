#include "launcher/report/report_page.h"

#include <array>
#include <nlohmann/json.hpp>
#include <random>

#include "launcher/report/curve_data.h"
#include "launcher/report/page_files.h"
#include "launcher/report/run_data.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "runtime/run/metric_log.h"

namespace skein {
namespace {

using nlohmann::json;

constexpr std::uint64_t kPictureBytes = 8 << 20;  // of a page
/// In the order in which they build upon one another.
constexpr std::array<const char*, 9> kScripts = {"numbers.js",   "elements.js", "chart.js",  "curves.js", "confusion.js",
                                                 "timing.js", "tables.js", "header.js", "main.js"};

/// Scripts and styles of the page carry it; others, should any get in, do not run.
std::string make_nonce() {
  std::random_device random;
  std::string nonce;
  for (int i = 0; i < 6; ++i) nonce += concat(std::hex, random());
  return nonce;
}

std::string escaped_html(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') escaped += "&amp;";
    else if (c == '<') escaped += "&lt;";
    else if (c == '>') escaped += "&gt;";
    else if (c == '"') escaped += "&quot;";
    else escaped += c;
  }
  return escaped;
}

std::string title_of(const std::vector<RunDirectory>& runs) {
  std::string title;
  for (const RunDirectory& run : runs) title += concat(title.empty() ? "" : ", ", run.experiment(), " / ", run.id());
  return title;
}

std::string all_scripts() {
  std::string text;
  for (const char* name : kScripts) text += page_file(name);
  return text;
}

/// The template with its {{NAME}}s filled in, each where the template has it and not where a value has.
std::string filled(std::string_view page, const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string result;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t begin = page.find("{{", at);
    const std::size_t end = page.find("}}", begin);
    result += page.substr(at, std::min(begin, page.size()) - at);
    if (end == std::string_view::npos) break;
    for (const auto& [name, value] : values)
      if (page.substr(begin + 2, end - begin - 2) == name) result += value;
    at = end + 2;
  }
  return result;
}

}  // namespace

std::string script_json(const json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') safe += "\\u003c";
    else if (c == '>') safe += "\\u003e";
    else if (c == '&') safe += "\\u0026";
    else safe += c;
  }
  return safe;
}

ReportPage report_page(const std::vector<RunDirectory>& runs, const std::string& version) {
  std::vector<LoadedMetrics> metrics;
  std::size_t num_series = 0;
  for (const RunDirectory& run : runs) num_series += metrics.emplace_back(load_metrics(run)).contents.metrics.size();
  const RunShare share{buckets_per_series(num_series), kPictureBytes / runs.size()};
  json data{{"version", version}, {"made", utc_text(unix_seconds())}, {"runs", json::array()}};
  ReportPage page;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    data["runs"].push_back(run_json(runs[i], metrics[i], share));
    for (const json& problem : data["runs"].back().at("problems")) page.problems.push_back(problem);
  }
  page.html = filled(page_file("page.html"), {{"TITLE", escaped_html(title_of(runs))},
                                              {"NONCE", make_nonce()},
                                              {"STYLE", std::string(page_file("style.css"))},
                                              {"DATA", script_json(data)},
                                              {"SCRIPT", all_scripts()}});
  return page;
}

}  // namespace skein
