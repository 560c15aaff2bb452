#include "runtime/options/spelling.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace skein {
namespace {

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(const std::string& left, const std::string& right) {
  std::vector<std::size_t> before_last, last(right.size() + 1), row(right.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last.back();
}

}  // namespace

std::string closest_spelling(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = 1 + name.size() / 3;
  for (const std::string& candidate : candidates) {
    const bool abbreviated = name.size() >= 3 && candidate.starts_with(name);
    const std::size_t distance = abbreviated ? 1 : edit_distance(name, candidate);
    if (distance > best_distance || (distance == best_distance && !best.empty())) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::string closest = closest_spelling(name, candidates);
  return closest.empty() ? "" : "; did you mean '" + closest + "'?";
}

}  // namespace skein
