#pragma once
// Rows of text in aligned columns, for people.

#include <string>
#include <vector>

namespace skein {

/// Columns are as wide as their widest cell and two spaces apart; no space at the ends of lines.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

/// 59.4 -> "59 s", 3725 -> "1 h 02 min".
std::string duration_text(double seconds);

/// 1536 -> "1.5 KiB".
std::string bytes_text(double num_bytes);

}  // namespace skein
