#pragma once
// Texts and numbers as CSV and JSON want them.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace skein {

/// In quotes where it has to be (RFC 4180).
std::string csv_field(const std::string& text);

/// With six digits, so that files of equal trainings on different processors hardly differ; "NaN", "Infinity" and "-Infinity" where
/// JSON has no number.
nlohmann::json json_number(double value);

}  // namespace skein
