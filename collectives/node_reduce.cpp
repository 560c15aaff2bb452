// The reductions of one host.

#include <array>

#include "collectives/node_operations.h"
#include "collectives/node_pipeline.h"
#include "collectives/reduce_kernels.h"

namespace skein {
namespace {

constexpr auto kEveryone = [](int) { return true; };

/// The ranks of a host on an allreduce or reduce under way.
class Reduction {
 public:
  Reduction(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output)
      : group_(group),
        stages_(group.stages()),
        call_(call),
        input_(input),
        output_(output),
        element_(dtype_bytes(input.dtype)),
        scales_(scales_of(call, group.local_size())) {}

  void run(Deadline deadline) {
    if (input_.num_bytes() <= kWholeBytes) return small(deadline);
    const std::size_t chunk_count = std::min(input_.count, Stages::kPieceBytes / element_);
    const auto range = [&](std::size_t chunk) { return chunk_range(input_.count, chunk_count, chunk); };
    Pipeline pipeline(
        group_, num_chunks(input_.count, chunk_count), chunk_count * element_, deadline,
        [&](std::size_t chunk) { copy_in(range(chunk), stages_.piece(group_.local_rank(), chunk)); },
        [&](std::size_t chunk) { reduce_own_slice(range(chunk), chunk); },
        [&](std::size_t chunk) { copy_out(range(chunk), stages_.shared_piece(chunk)); });
    const NodeGroup::Places places = locate();
    if (!in_arena(group_.local_rank(), places)) pipeline.copy_first_early();
    group_.begin(call_, places, deadline);
    const HowMany where = how_many_in_arena();
    if (where == HowMany::kAll) return in_place(deadline);
    pipeline.run(/*all_were_early=*/where == HowMany::kNone);
  }

 private:
  /// Up to here every rank reads every message; beyond, two sync points cost less than that.
  static constexpr std::size_t kWholeBytes = 4096;
  static_assert(kWholeBytes <= NodeGroup::kSmallBytes);
  /// The same where the buffers lie in the arena.
  static constexpr std::size_t kInPlaceBytes = 2048;

  bool has_result(int local) const { return call_.operation == Operation::kAllreduce || local == call_.root; }

  NodeGroup::Places locate() const {
    NodeGroup::Places places;
    places.input = group_.locate(input_.data, input_.num_bytes());
    if (output_.data == input_.data)
      places.output = places.input;
    else if (places.input != Arena::kNowhere && has_result(group_.local_rank()))
      places.output = group_.locate(output_.data, output_.num_bytes());
    return places;
  }
  bool in_arena(int local, const NodeGroup::Places& places) const {
    return places.input != Arena::kNowhere && (places.output != Arena::kNowhere || !has_result(local));
  }
  HowMany how_many_in_arena() const {
    return how_many(group_, kEveryone, [&](int local) { return in_arena(local, group_.places(local)); });
  }

  void small(Deadline deadline) {
    const auto announce = [&] { copy_bytes(group_.next_small(), bytes(input_), input_.num_bytes()); };
    NodeGroup::Places places;
    if (input_.num_bytes() > kInPlaceBytes) places = locate();
    const bool counts_on_arena = in_arena(group_.local_rank(), places);
    if (!counts_on_arena) announce();
    group_.begin(call_, places, deadline);
    const HowMany where = how_many_in_arena();
    if (where == HowMany::kAll) return in_place(deadline);
    if (where == HowMany::kSome) {  // some had counted on working in place
      announce();
      group_.sync(deadline);
    }
    if (!has_result(group_.local_rank())) return;
    const auto sources = for_each_rank(group_, [&](int local) { return group_.small(local); });
    reduce_buffers(std::array<void*, 1>{output_.data}, sources, input_.count, input_.dtype, call_.reduce_op, scales_);
  }

  void in_place(Deadline deadline) {
    const Range slice = cache_aligned_part(input_.count, input_.dtype, group_.local_size(), group_.local_rank());
    const std::size_t offset = slice.begin * element_;
    std::vector<void*> destinations;
    for (int local = 0; local < group_.local_size(); ++local)
      if (has_result(local)) destinations.push_back(group_.address(group_.places(local).output, local) + offset);
    const auto sources =
        for_each_rank(group_, [&](int local) { return group_.address(group_.places(local).input, local) + offset; });
    reduce_buffers(destinations, sources, slice.count, input_.dtype, call_.reduce_op, scales_);
    group_.sync(deadline);
  }

  // Through the stages. A rank's own slice of a chunk never goes there: it reads it where it lies, and writes its
  // result straight to its output.

  /// Calls `use(offset in the chunk, bytes)` for each other rank's slice.
  template <class Use>
  void for_others_slices(const Range& chunk, Use use) const {
    for (int local = 0; local < group_.local_size(); ++local) {
      if (local == group_.local_rank()) continue;
      const Range slice = cache_aligned_part(chunk.count, input_.dtype, group_.local_size(), local);
      use(slice.begin * element_, slice.count * element_);
    }
  }
  void copy_in(const Range& chunk, std::byte* stage) const {
    const std::byte* const from = bytes(input_) + chunk.begin * element_;
    for_others_slices(chunk, [&](std::size_t offset, std::size_t num_bytes) {
      stages_.writer().copy(stage + offset, from + offset, num_bytes);
    });
  }
  void reduce_own_slice(const Range& chunk, std::size_t index) const {
    const Range slice = cache_aligned_part(chunk.count, input_.dtype, group_.local_size(), group_.local_rank());
    const std::size_t offset = slice.begin * element_;
    const std::size_t at = chunk.begin * element_ + offset;
    const auto sources = for_each_rank(group_, [&](int local) {
      return local == group_.local_rank() ? bytes(input_) + at : stages_.piece(local, index) + offset;
    });
    std::byte* const output = has_result(group_.local_rank()) ? bytes(output_) + at : nullptr;
    const bool others_have_result = call_.operation == Operation::kAllreduce || output == nullptr;
    std::byte* const shared = others_have_result ? stages_.shared_piece(index) + offset : nullptr;
    stages_.writer().reduce(output, shared, sources, slice.count, input_.dtype, call_.reduce_op, scales_);
  }
  void copy_out(const Range& chunk, const std::byte* shared_stage) const {
    if (!has_result(group_.local_rank())) return;
    std::byte* const to = bytes(output_) + chunk.begin * element_;
    for_others_slices(chunk, [&](std::size_t offset, std::size_t num_bytes) {
      copy_ahead(to + offset, shared_stage + offset, num_bytes);
    });
  }

  NodeGroup& group_;
  Stages& stages_;
  const Call& call_;
  const Buffer& input_;
  const Buffer& output_;
  std::size_t element_;
  Scales scales_;
};

/// The ranks of a host on a reduce_scatter under way.
class ReduceScatter {
 public:
  ReduceScatter(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output)
      : group_(group),
        stages_(group.stages()),
        call_(call),
        input_(input),
        output_(output),
        element_(dtype_bytes(output.dtype)),
        scales_(scales_of(call, group.local_size())),
        blocks_(consecutive(block_counts_of(call, group.local_size()))) {
    for (const Range& block : blocks_) longest_ = std::max(longest_, block.count);
    chunk_count_ = std::clamp<std::size_t>(longest_, 1, Stages::kPieceBytes / element_ / blocks_.size());
  }

  void run(Deadline deadline) {
    if (input_.num_bytes() <= NodeGroup::kSmallBytes) return small(deadline);
    Pipeline pipeline(
        group_, num_chunks(longest_, chunk_count_), blocks_.size() * chunk_count_ * element_, deadline,
        [&](std::size_t chunk) { copy_in(chunk); },
        [&](std::size_t chunk) { reduce_stages(chunk); }, kNoCopyOut);
    const NodeGroup::Places places{group_.locate(input_.data, input_.num_bytes()), Arena::kNowhere};
    if (places.input == Arena::kNowhere) pipeline.copy_first_early();
    group_.begin(call_, places, deadline);
    const HowMany where =
        how_many(group_, kEveryone, [&](int local) { return group_.places(local).input != Arena::kNowhere; });
    if (where == HowMany::kAll) return in_place(deadline);
    pipeline.run(/*all_were_early=*/where == HowMany::kNone);
  }

 private:
  int me() const { return group_.local_rank(); }
  const Range& own() const { return blocks_[me()]; }

  /// Reduces `part` of this rank's block, which begins at `address(rank)` in what each rank gives.
  template <class Address>
  void reduce(const Range& part, Address address) const {
    const std::array<void*, 1> result{bytes(output_) + part.begin * element_};
    reduce_buffers(result, for_each_rank(group_, address), part.count, output_.dtype, call_.reduce_op, scales_);
  }

  void small(Deadline deadline) {
    copy_bytes(group_.next_small(), bytes(input_), input_.num_bytes());
    group_.begin(call_, {}, deadline);
    reduce({0, output_.count}, [&](int local) { return group_.small(local) + own().begin * element_; });
  }

  void in_place(Deadline deadline) {
    reduce({0, output_.count},
           [&](int local) { return group_.address(group_.places(local).input, local) + own().begin * element_; });
    group_.sync(deadline);
  }

  // Through the stages, of which each holds a part of every other rank's block; one's own is read where it lies.

  void copy_in(std::size_t chunk) const {
    for (int target = 0; target < group_.local_size(); ++target) {
      if (target == me()) continue;
      const Range part = chunk_range(blocks_[target].count, chunk_count_, chunk);
      stages_.writer().copy(stages_.piece(me(), chunk) + target * chunk_count_ * element_,
                            bytes(input_) + (blocks_[target].begin + part.begin) * element_, part.count * element_);
    }
  }
  void reduce_stages(std::size_t chunk) const {
    const Range part = chunk_range(output_.count, chunk_count_, chunk);
    reduce(part, [&](int local) {
      return local == me() ? bytes(input_) + (own().begin + part.begin) * element_
                           : stages_.piece(local, chunk) + me() * chunk_count_ * element_;
    });
  }

  NodeGroup& group_;
  Stages& stages_;
  const Call& call_;
  const Buffer& input_;
  const Buffer& output_;
  std::size_t element_;
  Scales scales_;
  std::vector<Range> blocks_;
  std::size_t longest_ = 0;  // of the blocks
  std::size_t chunk_count_;  // elements of each block in a chunk
};

}  // namespace

Scales scales_of(const Call& call, int num_ranks) {
  Scales scales = call.scales;
  if (call.reduce_op == ReduceOp::kAverage) scales.post /= num_ranks;
  return scales;
}

Range cache_aligned_part(std::size_t count, std::size_t element_bytes, int num_parts, int index) {
  constexpr std::size_t kCacheLineBytes = 64;
  const std::size_t unit = kCacheLineBytes / element_bytes;
  const std::size_t num_units = (count + unit - 1) / unit;
  const std::size_t begin = std::min(count, num_units * index / num_parts * unit);
  const std::size_t end = std::min(count, num_units * (index + 1) / num_parts * unit);
  return {begin, end - begin};
}

void node_reduce(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output, Deadline deadline) {
  Reduction(group, call, input, output).run(deadline);
}

void node_reduce_scatter(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output,
                         Deadline deadline) {
  ReduceScatter(group, call, input, output).run(deadline);
}

void node_barrier(NodeGroup& group, const Call& call, Deadline deadline) {
  group.begin(call, {}, deadline);
}

}  // namespace skein
