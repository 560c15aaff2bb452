#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skein {

/// The rows of a CSV text (RFC 4180): fields may stand in quotes, with commas, line ends and doubled quotes in them. Empty
/// lines are left out. Never throws: a quote that nothing closes takes the rest.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);

}  // namespace skein
