#include "runtime/process/utc_time.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace skein {

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string utc_text(double unix_seconds) {
  const auto milliseconds = std::llround(unix_seconds * 1000);
  const std::time_t seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", fields.tm_year + 1900,
                fields.tm_mon + 1, fields.tm_mday, fields.tm_hour, fields.tm_min, fields.tm_sec,
                static_cast<int>(milliseconds % 1000));
  return text.data();
}

std::optional<double> parse_utc(const std::string& text) {
  std::tm fields{};
  int milliseconds = 0, length = 0;
  const int got = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &fields.tm_year, &fields.tm_mon,
                              &fields.tm_mday, &fields.tm_hour, &fields.tm_min, &fields.tm_sec, &milliseconds, &length);
  if (got != 7 || static_cast<std::size_t>(length) != text.size()) return std::nullopt;
  fields.tm_year -= 1900;
  fields.tm_mon -= 1;
  return static_cast<double>(timegm(&fields)) + milliseconds / 1000.0;
}

}  // namespace skein
