#pragma once
// Suggestions for misspelt names.

#include <string>
#include <vector>

namespace skein {

/// The candidate closest to `name` by edit distance, or one that `name` abbreviates; empty when none is
/// close.
std::string closest_spelling(const std::string& name, const std::vector<std::string>& candidates);

/// "; did you mean 'X'?", or nothing when no candidate is close.
std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace skein
