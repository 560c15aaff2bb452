#pragma once
// The collectives among the ranks of one host. Each begins the call, moves the data and returns when this rank's
// buffers may be reused; all ranks' results are bit-identical where they should be, since each part is computed once.
// Ranks, roots among them, are local ones.
//
// Three ways, chosen alike by all ranks from what they announced: whole small messages in one exchange; in place where
// the buffers lie in the arena; otherwise in chunks through the stages, copying the next chunk while one is reduced.

#include "collectives/buffer.h"
#include "collectives/movement.h"
#include "collectives/node_group.h"
#include "collectives/schedule.h"

namespace skein {

/// allreduce, and reduce, whose result goes to `call.root` alone.
void node_reduce(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output, Deadline deadline);
/// `input` holds the blocks of all ranks.
void node_reduce_scatter(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output,
                         Deadline deadline);
/// allgather, gather, scatter, broadcast.
void node_move(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output, Deadline deadline);
/// `send_counts` and `recv_counts` are empty where all blocks are alike. Throws MismatchError on all ranks when the two
/// sides of a pair disagree.
void node_alltoall(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output,
                   std::span<const std::size_t> send_counts, std::span<const std::size_t> recv_counts,
                   Deadline deadline);
void node_barrier(NodeGroup& group, const Call& call, Deadline deadline);

/// Part `index` of `num_parts` of `count` elements, nearly equal, cut at cache lines where there are enough of them.
Range cache_aligned_part(std::size_t count, std::size_t element_bytes, int num_parts, int index);
inline Range cache_aligned_part(std::size_t count, DType dtype, int num_parts, int index) {
  return cache_aligned_part(count, dtype_bytes(dtype), num_parts, index);
}

/// The factors of a call among `num_ranks`: the average divides by them.
Scales scales_of(const Call& call, int num_ranks);

}  // namespace skein
