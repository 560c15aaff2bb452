#pragma once
// What the machine allows: the time that no implementation of a collective can beat.

#include <cstddef>
#include <memory>

#include "benchmarks/collective_perf/side.h"
#include "collectives/communicator.h"

namespace skein::bench {

class Bound {
 public:
  virtual ~Bound() = default;
  /// For a buffer of `count` elements, of which reduce_scatter, allgather and the like give each rank a part.
  virtual Side side(std::size_t count) = 0;
};

/// On one host, the loads and stores of a rank's share of `operation`, done in place on memory that no other rank
/// touches. Between hosts, one plain TCP stream out of each host and one into it, of as many bytes as have to cross
/// its link at least, `wire_dtype` for each element. Collective; `comm` must outlive it. Throws UsageError for a
/// barrier.
std::unique_ptr<Bound> make_bound(Communicator& comm, Operation operation, DType dtype, ReduceOp op, DType wire_dtype,
                                  std::size_t max_count);

}  // namespace skein::bench
