#pragma once
// What the operations that only move data bring where: pure functions, alike on all ranks.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "collectives/call.h"
#include "collectives/schedule.h"

namespace skein {

/// Seen from one rank, in elements. Every rank of the group can compute it.
struct Movement {
  /// A block that this rank gets: block `index` of what rank `from` gives, into `target` of this rank's output.
  struct Incoming {
    int from;
    int index;
    Range target;
  };
  std::vector<std::vector<Range>> outgoing;  ///< by rank: the blocks of its input that others get
  std::vector<Incoming> incoming;            ///< in the order of the ranks they come from
  bool addressed = false;                    ///< block i is for rank i alone
};

/// Block lengths of a call, by rank: `call.block_counts`, or `call.count` for each.
std::vector<std::size_t> block_counts_of(const Call& call, int world_size);

/// Of allgather, gather, scatter and broadcast.
Movement movement_of(const Call& call, int rank, int world_size);

/// Of alltoall. `counts[from * world_size + to]` elements go from one rank to another; inputs and outputs hold them in
/// rank order without gaps.
Movement alltoall_movement(std::span<const std::size_t> counts, int rank, int world_size);

/// A line of complaint about what one rank sends to another, and the MismatchError made of such lines.
std::string pair_mismatch(int from, std::size_t sent, int to, std::size_t expected);
[[noreturn]] void throw_pair_mismatch(const Call& call, const std::string& lines);

}  // namespace skein
