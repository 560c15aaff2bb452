#pragma once
// Adasum: adds gradients where they are orthogonal and averages them where they are parallel.
// Maleki, Musuvathi, Mytkowicz, Saarikivi, Xu, Eksarevskiy, Ekanayake, Barsoum, "Scaling distributed training with
// adaptive summation", Proc. MLSys 3 (2021), arXiv:2006.02924.

#include <functional>

#include "collectives/request.h"

namespace skein {

/// Of two vectors: (1 - a.b / 2|a|^2) a + (1 - a.b / 2|b|^2) b. Of n: of the Adasum of the first m and that of the
/// others, where m is the largest power of two below n; for powers of two this is the paper's own tree, and any other
/// number of ranks is allowed. Computed in float64 for float64 and in float32 otherwise, dot products in float64.
///
/// Runs as an alltoall that brings each rank a slice of every vector, an allreduce of dot products for each level of
/// the tree, and an allgather of the slices; `run_part` runs these among the same ranks.
void adasum_allreduce(const Request& request, int rank, int world_size,
                      const std::function<void(const Request&)>& run_part);

}  // namespace skein
