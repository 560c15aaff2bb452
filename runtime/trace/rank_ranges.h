#pragma once

#include <string>
#include <vector>

namespace skein {

/// "0-3,7": ranks in their order, rising neighbours drawn together.
std::string rank_ranges(const std::vector<int>& ranks);

}  // namespace skein
