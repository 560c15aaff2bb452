#include "runtime/trace/rank_ranges.h"

#include "runtime/process/text.h"

namespace skein {

std::string rank_ranges(const std::vector<int>& ranks, std::string_view separator) {
  std::string text;
  for (std::size_t begin = 0, end = 0; begin < ranks.size(); begin = end) {
    for (end = begin + 1; end < ranks.size() && ranks[end] == ranks[end - 1] + 1; ++end) {
    }
    text += concat(begin == 0 ? "" : separator, ranks[begin]);
    if (end - begin > 1) text += concat("-", ranks[end - 1]);
  }
  return text;
}

}  // namespace skein
