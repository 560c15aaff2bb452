#include "trainer/evaluation/text_fields.h"

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "runtime/process/text.h"

namespace skein {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

nlohmann::json json_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return std::strtod(concat(value).c_str(), nullptr);  // stod refuses numbers next to 0, such as exp(-740)
}

}  // namespace skein
