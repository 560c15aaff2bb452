#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skein {

/// "0-3,7": ranks in their order, rising neighbours drawn together.
std::string rank_ranges(const std::vector<int>& ranks, std::string_view separator = ",");

}  // namespace skein
