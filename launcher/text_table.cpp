#include "launcher/text_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "runtime/process/text.h"

namespace skein {
namespace {

std::string two_digits(long number) {
  return concat(number < 10 ? "0" : "", number);
}

}  // namespace

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string duration_text(double seconds) {
  const long whole = std::lround(std::max(seconds, 0.0));
  if (whole < 60) return concat(whole, " s");
  if (whole < 3600) return concat(whole / 60, " min ", two_digits(whole % 60), " s");
  if (whole < 86400) return concat(whole / 3600, " h ", two_digits(whole / 60 % 60), " min");
  return concat(whole / 86400, " d ", two_digits(whole / 3600 % 24), " h");
}

std::string bytes_text(double num_bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; num_bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) num_bytes /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", num_bytes, kUnits[unit]);
  return text.data();
}

}  // namespace skein
