#include "trainer/data/byte_count.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "runtime/process/text.h"

namespace skein {

namespace {

constexpr std::string_view kLetters = "KMGT";
constexpr double kLargest = 4611686018427387904.0;  // 2^62

}  // namespace

std::optional<uint64_t> parse_byte_count(const std::string& text) {
  const size_t number_length = text.find_first_not_of("0123456789.");
  const std::string number = text.substr(0, number_length);
  std::string unit = number_length == std::string::npos ? "" : text.substr(number_length);
  char* end = nullptr;
  double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0') return std::nullopt;
  for (const char* ending : {"iB", "B"})
    if (unit.ends_with(ending)) {
      unit.resize(unit.size() - std::string_view(ending).size());
      break;
    }
  if (unit.size() > 1) return std::nullopt;
  if (unit.size() == 1) {
    const size_t power = kLetters.find(static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0]))));
    if (power == std::string_view::npos) return std::nullopt;
    value = std::ldexp(value, 10 * (static_cast<int>(power) + 1));
  }
  if (!(value >= 1 && value <= kLargest)) return std::nullopt;
  return static_cast<uint64_t>(value);
}

std::string byte_text(uint64_t num_bytes) {
  constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (num_bytes < 1024) return concat(num_bytes, " bytes");
  double value = static_cast<double>(num_bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[40];
  std::snprintf(text, sizeof(text), "%.1f %s", value, kUnits[unit]);
  return text;
}

}  // namespace skein
