#pragma once
// How a call between hosts is cut into slices, which travel side by side: pure functions, alike on all ranks. There are
// as many slices as the largest host has ranks.

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "collectives/schedule.h"
#include "runtime/process/topology.h"

namespace skein {

/// Rank that drives a slice on each host, by host; a smaller host drives several with the same rank.
std::vector<int> slice_drivers(const Topology& topology, int slice);

/// One slice of the blocks of all ranks. The blocks of a host's ranks, joined in order of local rank, are cut into as
/// many parts as there are slices; a slice has one part of each host. Its elements are numbered host by host without
/// gaps, wherever the blocks lie, so that the parts are the blocks of a schedule among hosts.
class BlockSlice {
 public:
  /// Elements of one rank's block.
  struct Piece {
    int rank;
    Range in_block;     // from the begin of the block
    std::size_t begin;  // in the slice
    std::size_t end() const { return begin + in_block.count; }
  };

  BlockSlice(const Topology& topology, std::span<const std::size_t> block_counts, std::size_t element_bytes, int slice);

  /// By host, in elements of the slice.
  const std::vector<Range>& parts() const { return parts_; }
  std::size_t count() const { return parts_.back().end(); }

  /// Calls `use(piece)` for what `range` of the slice has of each block.
  template <class Use>
  void for_each_piece(const Range& range, Use use) const {
    if (range.count == 0) return;
    const auto lies_before = [](const Piece& piece, std::size_t at) { return piece.end() <= at; };
    for (auto piece = std::lower_bound(pieces_.begin(), pieces_.end(), range.begin, lies_before);
         piece != pieces_.end() && piece->begin < range.end(); ++piece) {
      const std::size_t begin = std::max(piece->begin, range.begin);
      const std::size_t end = std::min(piece->end(), range.end());
      use(Piece{piece->rank, {piece->in_block.begin + (begin - piece->begin), end - begin}, begin});
    }
  }

 private:
  std::vector<Range> parts_;
  std::vector<Piece> pieces_;  // none is empty; in the order of the slice
};

}  // namespace skein
