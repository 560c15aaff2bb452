#include "collectives/cross_host_blocks.h"

#include <algorithm>

#include "collectives/movement.h"
#include "collectives/slices.h"

namespace skein {
namespace {

std::vector<HostBuffers::Extent> extents_of(const NodeGroup& group, const Call& call, int world_size) {
  const std::vector<Range> blocks = consecutive(block_counts_of(call, world_size));
  const std::size_t element = dtype_bytes(call.dtype);
  const Range whole{0, blocks.back().end() * element};
  std::vector<HostBuffers::Extent> extents;
  for (int local = 0; local < group.local_size(); ++local) {
    const Range& block = blocks[group.rank_of(local)];
    const Range own{block.begin * element, block.count * element};
    extents.push_back(call.operation == Operation::kAllgather ? HostBuffers::Extent{own, whole}
                                                              : HostBuffers::Extent{whole, own});
  }
  return extents;
}

}  // namespace

/// What happens to the elements of one slice on their way. Ranges are the slice's own.
class CrossHostBlocks::Slice {
 public:
  Slice(const CrossHostBlocks& call, int number)
      : of_(call),
        layout_(call.tools_.topology, call.counts_, call.element_, number),
        own_part_(layout_.parts()[call.host()]),
        // With one rank a host the slice is what an allgather makes.
        in_output_(call.is_allgather() && call.tools_.topology.max_local_size() == 1),
        data_(in_output_ ? call.buffers_.own_output() : call.tools_.scratch.own(layout_.count() * call.element_)),
        pieces_(call.is_allgather() ? own_part_.count : layout_.count()) {}

  const BlockSlice& layout() const { return layout_; }

  Elements elements() {
    Elements elements{data_, of_.call_.dtype, travelling_op(of_.call_.reduce_op)};
    if (of_.is_allgather()) {
      elements.prepare = [this](const Range& range) { fetch(range); };
      if (!in_output_) elements.publish = [this](const Range& range) { give_to_all(range); };
    } else {
      elements.prepare = [this](const Range& range) { reduce_inputs(range); };
      elements.complete = [this](const Range& range) {
        scale_result(of_.call_, at(range.begin), range.count, of_.tools_.topology.world_size());
      };
      elements.publish = [this](const Range& range) { give_to_owners(range); };
    }
    return elements;
  }

 private:
  std::byte* at(std::size_t begin) const { return data_ + begin * of_.element_; }
  int local(int rank) const { return of_.tools_.topology.members[rank].local_rank; }
  std::size_t in_whole(const BlockSlice::Piece& piece) const {
    return (of_.blocks_[piece.rank].begin + piece.in_block.begin) * of_.element_;
  }

  void reduce_inputs(const Range& range) {
    pieces_.bring_in(range, [&](const Range& part) {
      layout_.for_each_piece(part, [&](const BlockSlice::Piece& piece) {
        reducer_.reduce(at(piece.begin), of_.buffers_.inputs(), in_whole(piece), piece.in_block.count, of_.call_.dtype,
                        travelling_op(of_.call_.reduce_op), {of_.call_.scales.pre, 1.0});
      });
    });
  }
  void give_to_owners(const Range& range) const {
    layout_.for_each_piece(range, [&](const BlockSlice::Piece& piece) {
      of_.buffers_.outputs()[local(piece.rank)]
          .from(piece.in_block.begin * of_.element_)
          .copy_from(at(piece.begin), piece.in_block.count * of_.element_);
    });
  }

  /// What was received is passed on as it is.
  void fetch(const Range& range) {
    const std::size_t begin = std::max(range.begin, own_part_.begin);
    const std::size_t end = std::min(range.end(), own_part_.end());
    if (begin >= end) return;
    pieces_.bring_in({begin - own_part_.begin, end - begin}, [&](const Range& part) {
      const Range in_slice{own_part_.begin + part.begin, part.count};
      layout_.for_each_piece(in_slice, [&](const BlockSlice::Piece& piece) {
        of_.buffers_.inputs()[local(piece.rank)]
            .from(piece.in_block.begin * of_.element_)
            .copy_to(at(piece.begin), piece.in_block.count * of_.element_);
      });
      if (!in_output_) give_to_all(in_slice);
    });
  }
  void give_to_all(const Range& range) const {
    layout_.for_each_piece(range, [&](const BlockSlice::Piece& piece) {
      for (const PeerBuffer& output : of_.buffers_.outputs())
        output.from(in_whole(piece)).copy_from(at(piece.begin), piece.in_block.count * of_.element_);
    });
  }

  const CrossHostBlocks& of_;
  BlockSlice layout_;
  Range own_part_;
  bool in_output_;
  std::byte* data_;
  PieceByPiece pieces_;  // of what this host brings in
  PeerReducer reducer_;
};

CrossHostBlocks::CrossHostBlocks(const CrossHostTools& tools, const Request& request, const Call& call)
    : CrossHostCall(tools, request, call, extents_of(tools.group, call, tools.topology.world_size())),
      counts_(block_counts_of(call, tools.topology.world_size())),
      blocks_(consecutive(counts_)) {}

void CrossHostBlocks::drive(int number, const Travel& travel) {
  Slice slice(*this, number);
  const auto schedule_of = is_allgather() ? allgather_schedule : reduce_scatter_schedule;
  travel(schedule_of(algorithm_for(slice.layout().count()), host(), slice.layout().parts()), slice.elements());
}

}  // namespace skein
