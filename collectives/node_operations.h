#pragma once
// The collectives among the ranks of one host. Each begins the call, moves the data and returns when this rank's
// buffers may be reused; all ranks' results are bit-identical where they should be, since each part is computed once.
//
// Three ways, chosen alike by all ranks from what they announced: whole small messages in one exchange; in place where
// the buffers lie in the arena; otherwise in chunks through the stages, copying the next chunk while one is reduced.

#include "collectives/buffer.h"
#include "collectives/node_group.h"
#include "collectives/schedule.h"

namespace skein {

void node_allreduce(NodeGroup& group, const Call& call, const Buffer& buffer, Deadline deadline);
/// `input` holds local_size blocks of `output.count` elements.
void node_reduce_scatter(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output,
                         Deadline deadline);
/// `output` holds local_size blocks of `input.count` elements.
void node_allgather(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output, Deadline deadline);
/// `root` is a local rank.
void node_broadcast(NodeGroup& group, const Call& call, const Buffer& buffer, int root, Deadline deadline);
void node_barrier(NodeGroup& group, const Call& call, Deadline deadline);

/// Part `index` of `num_parts` of `count` elements, nearly equal, cut at cache lines where there are enough of them.
Range cache_aligned_part(std::size_t count, DType dtype, int num_parts, int index);

}  // namespace skein
