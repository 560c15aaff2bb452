#include "collectives/cross_host_reduce.h"

#include "collectives/node_operations.h"

namespace skein {
namespace {

std::vector<HostBuffers::Extent> extents_of(const NodeGroup& group, const Request& request, const Call& call) {
  const Range whole{0, request.input.num_bytes()};
  std::vector<HostBuffers::Extent> extents(group.local_size(), {whole, whole});
  for (int local = 0; local < group.local_size(); ++local)
    if (call.operation == Operation::kReduce && group.rank_of(local) != call.root) extents[local].output = {};
  return extents;
}

}  // namespace

/// What happens to the elements of one slice on their way. Ranges are the slice's own.
class CrossHostReduce::Slice {
 public:
  Slice(const CrossHostReduce& call, const Range& part)
      : of_(call), offset_(part.begin * call.element_), pieces_(part.count) {
    const HostBuffers& buffers = call.buffers_;
    const int me = call.tools_.group.local_rank();
    result_ = buffers.has_output(me) ? buffers.own_output() + offset_
                                     : call.tools_.scratch.own(part.count * call.element_);
    for (int local = 0; local < call.tools_.group.local_size(); ++local)
      if (local != me && buffers.has_output(local)) others_.push_back(buffers.outputs()[local].from(offset_));
  }

  Elements elements() {
    Elements elements{result_, of_.call_.dtype, travelling_op(of_.call_.reduce_op)};
    elements.wire_dtype = of_.call_.wire_dtype;
    if (!inputs_already_reduced()) elements.prepare = [this](const Range& range) { reduce_inputs(range); };
    elements.complete = [this](const Range& range) {
      scale_result(of_.call_, at(range), range.count, of_.tools_.topology.world_size());
    };
    if (!others_.empty()) elements.publish = [this](const Range& range) { give_to_others(range); };
    return elements;
  }

 private:
  const std::vector<PeerBuffer>& inputs() const { return of_.buffers_.inputs(); }
  bool inputs_already_reduced() const {
    return inputs().size() == 1 && inputs()[0].from(offset_).here() == result_ && of_.call_.scales.pre == 1.0;
  }
  std::byte* at(const Range& range) const { return result_ + range.begin * of_.element_; }
  void reduce_inputs(const Range& range) {
    pieces_.bring_in(range, [&](const Range& piece) {
      reducer_.reduce(at(piece), inputs(), offset_ + piece.begin * of_.element_, piece.count, of_.call_.dtype,
                      travelling_op(of_.call_.reduce_op), {of_.call_.scales.pre, 1.0});
    });
  }
  void give_to_others(const Range& range) const {
    for (const PeerBuffer& output : others_)
      output.from(range.begin * of_.element_).copy_from(at(range), range.count * of_.element_);
  }

  const CrossHostReduce& of_;
  std::size_t offset_;  // bytes before the slice
  std::vector<PeerBuffer> others_;
  std::byte* result_;
  PieceByPiece pieces_;
  PeerReducer reducer_;
};

CrossHostReduce::CrossHostReduce(const CrossHostTools& tools, const Request& request, const Call& call)
    : CrossHostCall(tools, request, call, extents_of(tools.group, request, call)) {}

void CrossHostReduce::drive(int number, const Travel& travel) {
  const Range part = cache_aligned_part(request_.input.count, element_, tools_.topology.max_local_size(), number);
  Slice slice(*this, part);
  travel(allreduce_schedule(algorithm_for(part.count), host(), tools_.topology.num_hosts(), part.count),
         slice.elements());
}

}  // namespace skein
