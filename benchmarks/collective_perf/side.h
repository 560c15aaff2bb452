#pragma once
// One contestant of a measurement.

#include <cstddef>
#include <functional>
#include <vector>

#include "collectives/request.h"

namespace skein::bench {

/// What it needs for one size, and how it did.
struct Side {
  Request request;
  ReduceOp checked_op{};                       ///< the reduction whose result is expected
  std::function<void(int iteration)> rewrite;  ///< fills the buffers anew
  std::function<void()> run;
  std::function<void()> barrier;
  bool has_result = true;  ///< to be checked
  std::vector<double> microseconds;
  std::size_t num_wrong = 0;
};

}  // namespace skein::bench
