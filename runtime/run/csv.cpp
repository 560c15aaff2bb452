#include "runtime/run/csv.h"

namespace skein {

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
  std::vector<std::vector<std::string>> rows(1);
  std::string field;
  bool in_quotes = false;
  bool is_begun = false;  // an empty field in quotes is a field, an empty line is no row
  const auto end_field = [&] {
    rows.back().push_back(std::move(field));
    field.clear();
    is_begun = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_quotes && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      field += text[++i];
    } else if (c == '"') {
      in_quotes = !in_quotes;
      is_begun = true;
    } else if (in_quotes || (c != ',' && c != '\n' && c != '\r')) {
      field += c;
    } else if (c == ',') {
      end_field();
      is_begun = true;
    } else {
      if (is_begun || !field.empty() || !rows.back().empty()) end_field();
      if (!rows.back().empty()) rows.emplace_back();
    }
  }
  if (is_begun || !field.empty() || !rows.back().empty()) end_field();
  if (rows.back().empty()) rows.pop_back();
  return rows;
}

}  // namespace skein
