#pragma once
// Whether a profile of the links chooses better than the default does: by running both.

#include <string>
#include <vector>

#include "collectives/link_profile.h"
#include "runtime/process/world.h"

namespace skein {

struct CompareOptions {
  int repeats = 5;                   ///< rounds, the two in turns
  std::size_t max_bytes = 4u << 20;   ///< largest buffer
};

/// One operation and size for which the two choose differently.
struct Comparison {
  Operation operation;
  std::size_t num_bytes;
  std::string usual;
  std::string chosen;
  double usual_seconds;
  double chosen_seconds;
  double ratio() const { return chosen_seconds / usual_seconds; }
};

/// Collective, alike on all ranks: medians of the slowest rank. Sizes go up from 1 KiB by factors of 4.
std::vector<Comparison> compare_with_default(World& world, const LinkProfile& profile, const CompareOptions& options);

/// The profile with the default choice for those operations for which its own took longer, over all their sizes
/// together or clearly for one.
LinkProfile without_losses(const LinkProfile& profile, const std::vector<Comparison>& comparisons);

}  // namespace skein
