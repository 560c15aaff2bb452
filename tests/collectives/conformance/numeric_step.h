#pragma once
// Reductions of numbers of every kind: rounded sums, NaN and infinities, integers that overflow, Adasum.

#include <memory>

#include "tests/collectives/conformance/random_steps.h"

namespace skein {

std::unique_ptr<Step> make_numeric_step(Team& team, Random& random);

}  // namespace skein
