#pragma once
// Points in time as numbers (seconds since 1970 UTC) and as text (2026-01-31T10:15:30.482Z).

#include <optional>
#include <string>

namespace skein {

double unix_seconds();
std::string utc_text(double unix_seconds);
/// Understands what utc_text() writes; empty for anything else.
std::optional<double> parse_utc(const std::string& text);

}  // namespace skein
