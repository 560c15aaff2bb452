#include "collectives/cross_host_reduce.h"

#include <algorithm>
#include <array>

#include "collectives/choose.h"
#include "collectives/node_allocation.h"
#include "collectives/node_operations.h"
#include "collectives/node_pipeline.h"
#include "collectives/reduce_kernels.h"
#include "runtime/process/error.h"

namespace skein {

ReduceOp travelling_op(ReduceOp op) {
  return op == ReduceOp::kAverage ? ReduceOp::kSum : op;
}

void scale_result(const Call& call, void* data, std::size_t count, int num_ranks) {
  const double factor = scales_of(call, num_ranks).post;
  if (factor == 1.0) return;
  reduce_buffers(std::array<void*, 1>{data}, std::array<const void*, 1>{data}, count, call.dtype, ReduceOp::kSum,
                 {1.0, factor});
}

std::vector<int> slice_drivers(const Topology& topology, int slice) {
  std::vector<int> drivers;
  for (int host = 0; host < topology.num_hosts(); ++host) {
    const std::vector<int> ranks = topology.ranks_of_host(host);
    drivers.push_back(ranks[slice % ranks.size()]);
  }
  return drivers;
}

std::byte* SharedScratch::of_bytes(NodeGroup& group, std::size_t num_bytes, Deadline deadline) {
  if (num_bytes <= num_bytes_) return memory_.get();
  memory_.reset();
  num_bytes_ = 0;
  NodeAllocation allocation = allocate_on_node(group, num_bytes, MemoryOf::kRank, deadline);
  if (!allocation.problem.empty()) throw Error(allocation.problem);
  memory_ = std::move(allocation.memory);
  num_bytes_ = num_bytes;
  return memory_.get();
}

/// What happens to the elements of one slice on their way. Ranges are the slice's own.
class CrossHostReduce::Slice {
 public:
  /// `inputs` and `outputs` begin with the slice, `result` is where it is made.
  Slice(const Call& call, int num_ranks, std::vector<PeerBuffer> inputs, std::vector<PeerBuffer> outputs,
        std::byte* result, std::size_t count)
      : call_(call),
        num_ranks_(num_ranks),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        result_(result),
        count_(count),
        element_(dtype_bytes(call.dtype)),
        prepared_((count + kPieceCount - 1) / kPieceCount) {}

  Elements elements() {
    Elements elements{result_, call_.dtype, travelling_op(call_.reduce_op)};
    elements.wire_dtype = call_.wire_dtype;
    if (!inputs_already_reduced()) elements.prepare = [this](const Range& range) { prepare(range); };
    elements.complete = [this](const Range& range) { scale_result(call_, at(range), range.count, num_ranks_); };
    if (!outputs_.empty()) elements.publish = [this](const Range& range) { publish(range); };
    return elements;
  }

 private:
  /// Elements reduced at once: they stay in the cache until they are sent.
  static constexpr std::size_t kPieceCount = 4096;

  bool inputs_already_reduced() const {
    return inputs_.size() == 1 && inputs_[0].here() == result_ && call_.scales.pre == 1.0;
  }
  std::byte* at(const Range& range) const { return result_ + range.begin * element_; }
  void prepare(const Range& range) {
    if (range.count == 0) return;
    for (std::size_t piece = range.begin / kPieceCount; piece * kPieceCount < range.end(); ++piece) {
      if (prepared_[piece]) continue;
      prepared_[piece] = true;
      reduce_inputs(chunk_range(count_, kPieceCount, piece));
    }
  }
  void reduce_inputs(const Range& piece) {
    reducer_.reduce(at(piece), inputs_, piece.begin * element_, piece.count, call_.dtype,
                    travelling_op(call_.reduce_op), {call_.scales.pre, 1.0});
  }
  void publish(const Range& range) {
    for (const PeerBuffer& output : outputs_)
      output.from(range.begin * element_).copy_from(at(range), range.count * element_);
  }

  const Call& call_;
  int num_ranks_;
  std::vector<PeerBuffer> inputs_;
  std::vector<PeerBuffer> outputs_;
  std::byte* result_;
  std::size_t count_;
  std::size_t element_;
  std::vector<bool> prepared_;  // by piece
  PeerReducer reducer_;
};

CrossHostReduce::CrossHostReduce(NodeGroup& group, Transport& transport, const Topology& topology,
                                 const AlgorithmTable& algorithms, SharedScratch& scratch, const Request& request,
                                 const Call& call)
    : group_(group),
      transport_(transport),
      topology_(topology),
      algorithms_(algorithms),
      scratch_(scratch),
      request_(request),
      call_(call),
      element_(dtype_bytes(call.dtype)) {}

NodeGroup::Places CrossHostReduce::places() const {
  const auto place = [&](const Buffer& buffer) { return group_.memory().reach(buffer.data, buffer.num_bytes()); };
  NodeGroup::Places places{place(request_.input), Arena::kNowhere};
  if (has_result(group_.local_rank())) places.output = place(request_.output);
  return places;
}

void CrossHostReduce::run(const ExecuteOptions& options, Deadline deadline) {
  const bool located = all_located();
  if (located)
    take_buffers_of_all();
  else
    take_scratch_of_all(deadline);
  drive_slices(options, deadline);
  group_.sync(deadline);
  if (!located && has_result(group_.local_rank())) copy_bytes(bytes(request_.output), own_output_, request_.input.num_bytes());
}

bool CrossHostReduce::all_located() const {
  for (int local = 0; local < group_.local_size(); ++local) {
    const NodeGroup::Places& places = group_.places(local);
    if (places.input == Arena::kNowhere || (has_result(local) && places.output == Arena::kNowhere)) return false;
  }
  return true;
}

void CrossHostReduce::take_buffers_of_all() {
  if (has_result(group_.local_rank())) own_output_ = bytes(request_.output);
  for (int local = 0; local < group_.local_size(); ++local) {
    const NodeGroup::Places& places = group_.places(local);
    inputs_.push_back(group_.memory().buffer(places.input, local));
    if (local != group_.local_rank() && has_result(local))
      outputs_.push_back(group_.memory().buffer(places.output, local));
  }
}

/// Every rank's elements are copied to its scratch, and the call works there in place.
void CrossHostReduce::take_scratch_of_all(Deadline deadline) {
  const std::size_t num_bytes = request_.input.num_bytes();
  own_output_ = scratch_.of_bytes(group_, num_bytes, deadline);
  copy_bytes(own_output_, bytes(request_.input), num_bytes);
  const Arena::Location place = group_.locate(own_output_, num_bytes);
  group_.sync(deadline);
  for (int local = 0; local < group_.local_size(); ++local) {
    inputs_.push_back(group_.memory().buffer(place, local));
    if (local != group_.local_rank() && has_result(local)) outputs_.push_back(inputs_.back());
  }
}

void CrossHostReduce::drive_slices(const ExecuteOptions& options, Deadline deadline) {
  const int num_slices = topology_.max_local_size();
  const int host = topology_.members[transport_.rank()].host;
  const auto from = [](std::vector<PeerBuffer> buffers, std::size_t offset) {
    for (PeerBuffer& buffer : buffers) buffer = buffer.from(offset);
    return buffers;
  };
  for (int number = group_.local_rank(); number < num_slices; number += group_.local_size()) {
    const Range part = cache_aligned_part(request_.input.count, call_.dtype, num_slices, number);
    const std::size_t offset = part.begin * element_;
    std::unique_ptr<std::byte[]> made_here;
    if (own_output_ == nullptr) made_here = std::make_unique_for_overwrite<std::byte[]>(part.count * element_);
    Slice slice(call_, topology_.world_size(), from(inputs_, offset), from(outputs_, offset),
                own_output_ != nullptr ? own_output_ + offset : made_here.get(), part.count);
    const std::vector<int> drivers = slice_drivers(topology_, number);
    const std::size_t wire_bytes = part.count * dtype_bytes(call_.wire_dtype.value_or(call_.dtype));
    const Schedule schedule = allreduce_schedule(algorithms_.choose(call_.operation, wire_bytes), host,
                                                 topology_.num_hosts(), part.count);
    execute(transport_, schedule, drivers, slice.elements(), options, deadline);
  }
}

}  // namespace skein
