#pragma once
// docs/algorithms.md: its tables, made from the schedules themselves.

#include <string>

namespace skein {

/// A section for each planner that `header` (the text of collectives/algorithms.h) declares, in its order and with its
/// comment, and what its schedules cost; then what the chooser picks. Throws Error for a planner that is not known
/// here.
std::string describe_algorithms(const std::string& header);

/// `page` with what lies between its two marks replaced. Throws Error when a mark is missing.
std::string with_generated(const std::string& page, const std::string& generated);

}  // namespace skein
