// The operations of one host that only move data.

#include <algorithm>
#include <cstring>
#include <functional>

#include "collectives/node_operations.h"
#include "collectives/node_pipeline.h"

namespace skein {
namespace {

/// The ranks of a host on a movement under way.
class Mover {
 public:
  /// `movement_of_rank` gives what a rank gets, for this one and the others.
  Mover(NodeGroup& group, const Call& call, std::function<Movement(int)> movement_of_rank, const Buffer& input,
        const Buffer& output, Deadline deadline)
      : group_(group),
        call_(call),
        movement_of_rank_(std::move(movement_of_rank)),
        movement_(movement_of_rank_(group.local_rank())),
        input_(input),
        output_(output),
        deadline_(deadline),
        element_(dtype_bytes(call.dtype)) {}

  void run() {
    if (all_small()) return small();
    with_pipeline([this](auto& pipeline) {
      const NodeGroup::Places places = locate();
      if (gives(me()) && places.input == Arena::kNowhere) pipeline.copy_first_early();
      group_.begin(call_, places, deadline_);
      const HowMany where = givers_in_arena();
      if (where == HowMany::kAll) return in_place();
      pipeline.run(/*all_were_early=*/where == HowMany::kNone);
    });
  }

  /// After a begin() that has told where the inputs lie.
  void run_begun() {
    if (all_small()) return small(/*begun=*/true);
    if (givers_in_arena() == HowMany::kAll) return in_place();
    with_pipeline([](auto& pipeline) { pipeline.run(/*all_were_early=*/false); });
  }

  /// Where this rank's buffers lie, as far as that is of use to others.
  NodeGroup::Places locate() const {
    NodeGroup::Places places;
    if (gives(me())) places.input = group_.locate(input_.data, input_.num_bytes());
    if (gets(movement_)) places.output = group_.locate(output_.data, output_.num_bytes());
    return places;
  }

 private:
  int me() const { return group_.local_rank(); }
  const std::vector<Range>& outgoing(int from) const { return movement_.outgoing[from]; }
  std::size_t num_outgoing_bytes(int from) const {
    std::size_t count = 0;
    for (const Range& block : outgoing(from)) count += block.count;
    return count * element_;
  }
  bool gives(int from) const { return num_outgoing_bytes(from) != 0; }
  bool all_small() const {
    for (int from = 0; from < group_.local_size(); ++from)
      if (num_outgoing_bytes(from) > NodeGroup::kSmallBytes) return false;
    return true;
  }
  HowMany givers_in_arena() const {
    return how_many(
        group_, [&](int local) { return gives(local); },
        [&](int local) { return group_.places(local).input != Arena::kNowhere; });
  }

  /// Calls `copy(block, part of the block's source, target)` for what this rank gets, beginning behind itself so that
  /// not all ranks read from the same one at once.
  template <class Copy>
  void for_each_incoming(Copy copy) const {
    const std::size_t num_blocks = movement_.incoming.size();
    for (std::size_t i = 0; i < num_blocks; ++i) copy(movement_.incoming[(i + me() + 1) % num_blocks]);
  }
  const std::byte* own_source(const Movement::Incoming& block) const {
    return bytes(input_) + outgoing(me())[block.index].begin * element_;
  }

  void small(bool begun = false) {
    std::byte* to = group_.next_small();
    for (const Range& block : outgoing(me())) {
      copy_bytes(to, bytes(input_) + block.begin * element_, block.count * element_);
      to += block.count * element_;
    }
    begun ? group_.sync(deadline_) : group_.begin(call_, {}, deadline_);
    for_each_incoming([&](const Movement::Incoming& block) {
      const std::byte* from = group_.small(block.from);
      for (int before = 0; before < block.index; ++before) from += outgoing(block.from)[before].count * element_;
      if (block.from == me()) from = own_source(block);
      copy_bytes(bytes(output_) + block.target.begin * element_, from, block.target.count * element_);
    });
  }

  static bool gets(const Movement& movement) {
    return std::any_of(movement.incoming.begin(), movement.incoming.end(),
                       [](const Movement::Incoming& block) { return block.target.count != 0; });
  }
  std::byte* own_target(const Movement::Incoming& block) const {
    return bytes(output_) + block.target.begin * element_;
  }

  void in_place() {
    const std::size_t together = num_incoming_bytes();
    copy_own(together);
    if (!copy_share_of_all()) {
      for_each_incoming([&](const Movement::Incoming& block) {
        if (block.from != me())
          copy_bytes(own_target(block), source_in_arena(block), block.target.count * element_, together);
      });
    }
    group_.sync(deadline_);
  }
  std::size_t num_incoming_bytes() const {
    std::size_t count = 0;
    for (const Movement::Incoming& block : movement_.incoming) count += block.target.count;
    return count * element_;
  }
  const std::byte* source_in_arena(const Movement::Incoming& block) const {
    return group_.address(group_.places(block.from).input, block.from) +
           outgoing(block.from)[block.index].begin * element_;
  }
  void copy_own(std::size_t together) {
    for (const Movement::Incoming& block : movement_.incoming)
      if (block.from == me()) copy_bytes(own_target(block), own_source(block), block.target.count * element_, together);
  }

  /// Where every output lies in the arena too, anybody may copy anything: all copies, in the order of those who get
  /// them, are shared out evenly. Otherwise a broadcast would leave root idle, and a gather everybody else. False
  /// where some output lies elsewhere.
  bool copy_share_of_all() {
    std::vector<Movement> all;
    std::size_t total = 0;
    for (int to = 0; to < group_.local_size(); ++to) {
      all.push_back(movement_of_rank_(to));
      if (gets(all[to]) && group_.places(to).output == Arena::kNowhere) return false;
      for (const Movement::Incoming& block : all[to].incoming) total += block.from == to ? 0 : block.target.count;
    }
    const Range share = cache_aligned_part(total, call_.dtype, group_.local_size(), me());
    std::size_t begin = 0;  // of the block, in the row of all copies
    for (int to = 0; to < group_.local_size(); ++to)
      for (const Movement::Incoming& block : all[to].incoming) {
        if (block.from == to) continue;
        const std::size_t from = std::clamp(share.begin, begin, begin + block.target.count) - begin;
        const std::size_t end = std::clamp(share.end(), begin, begin + block.target.count) - begin;
        begin += block.target.count;
        if (from == end) continue;
        std::byte* const target = group_.address(group_.places(to).output, to) + block.target.begin * element_;
        copy_bytes(target + from * element_, source_in_arena(block) + from * element_, (end - from) * element_,
                   num_incoming_bytes());
      }
    return true;
  }

  /// Every stage holds a part of each block that its rank gives.
  template <class Use>
  void with_pipeline(Use use) {
    std::size_t most_blocks = 1;
    std::size_t longest = 0;
    for (const auto& blocks : movement_.outgoing) {
      most_blocks = std::max(most_blocks, blocks.size());
      for (const Range& block : blocks) longest = std::max(longest, block.count);
    }
    const std::size_t chunk_count = std::clamp<std::size_t>(longest, 1, Stages::kPieceBytes / element_ / most_blocks);
    Pipeline pipeline(
        group_, num_chunks(longest, chunk_count), most_blocks * chunk_count * element_, deadline_,
        [this, chunk_count](std::size_t chunk) { copy_in(chunk_count, chunk); },
        [this, chunk_count](std::size_t chunk) { copy_from_stages(chunk_count, chunk); }, kNoCopyOut);
    use(pipeline);
  }
  void copy_in(std::size_t chunk_count, std::size_t chunk) {
    std::byte* const stage = group_.stages().piece(me(), chunk);
    const int num_blocks = static_cast<int>(outgoing(me()).size());
    for (int index = 0; index < num_blocks; ++index) {
      if (movement_.addressed && index == me()) continue;  // it goes straight to the output
      const Range& block = outgoing(me())[index];
      const Range part = chunk_range(block.count, chunk_count, chunk);
      group_.stages().writer().copy(stage + index * chunk_count * element_,
                                    bytes(input_) + (block.begin + part.begin) * element_, part.count * element_);
    }
  }
  void copy_from_stages(std::size_t chunk_count, std::size_t chunk) {
    for_each_incoming([&](const Movement::Incoming& block) {
      const Range part = chunk_range(block.target.count, chunk_count, chunk);
      std::byte* const to = bytes(output_) + (block.target.begin + part.begin) * element_;
      if (block.from == me()) {
        copy_bytes(to, own_source(block) + part.begin * element_, part.count * element_);
        return;
      }
      const std::byte* const stage = group_.stages().piece(block.from, chunk) + block.index * chunk_count * element_;
      copy_ahead(to, stage, part.count * element_);
    });
  }

  NodeGroup& group_;
  const Call& call_;
  std::function<Movement(int)> movement_of_rank_;
  Movement movement_;
  const Buffer& input_;
  const Buffer& output_;
  Deadline deadline_;
  std::size_t element_;
};

/// Every rank's counts as it sees them: what it sends to each, then what it expects of each.
using Counts = std::vector<std::vector<std::size_t>>;

Counts exchange_counts(NodeGroup& group, const Call& call, const NodeGroup::Places& places,
                       std::span<const std::size_t> send_counts, std::span<const std::size_t> recv_counts,
                       Deadline deadline) {
  const auto num_ranks = static_cast<std::size_t>(group.local_size());
  std::byte* const mine = group.next_small();
  std::memcpy(mine, send_counts.data(), send_counts.size_bytes());
  std::memcpy(mine + send_counts.size_bytes(), recv_counts.data(), recv_counts.size_bytes());
  group.begin(call, places, deadline);
  Counts counts(num_ranks, std::vector<std::size_t>(2 * num_ranks));
  for (int local = 0; local < group.local_size(); ++local)
    std::memcpy(counts[local].data(), group.small(local), 2 * num_ranks * sizeof(std::size_t));
  return counts;
}

void check_pairs(const NodeGroup& group, const Call& call, const Counts& counts) {
  std::string problems;
  for (int from = 0; from < group.local_size(); ++from)
    for (int to = 0; to < group.local_size(); ++to) {
      const std::size_t sent = counts[from][to];
      const std::size_t expected = counts[to][group.local_size() + from];
      if (sent != expected) problems += pair_mismatch(group.rank_of(from), sent, group.rank_of(to), expected);
    }
  if (!problems.empty()) throw_pair_mismatch(call, problems);
}

}  // namespace

void node_move(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output, Deadline deadline) {
  const auto movement = [&](int rank) { return movement_of(call, rank, group.local_size()); };
  Mover(group, call, movement, input, output, deadline).run();
}

void node_alltoall(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output,
                   std::span<const std::size_t> send_counts, std::span<const std::size_t> recv_counts,
                   Deadline deadline) {
  const int num_ranks = group.local_size();
  std::vector<std::size_t> sent;
  const auto movement = [&](int rank) { return alltoall_movement(sent, rank, num_ranks); };
  if (!call.pairwise_counts) {
    sent.assign(num_ranks * num_ranks, call.count);
    return Mover(group, call, movement, input, output, deadline).run();
  }
  const NodeGroup::Places places{group.locate(input.data, input.num_bytes()),
                                 group.locate(output.data, output.num_bytes())};
  const Counts counts = exchange_counts(group, call, places, send_counts, recv_counts, deadline);
  check_pairs(group, call, counts);
  for (const auto& of_rank : counts) sent.insert(sent.end(), of_rank.begin(), of_rank.begin() + num_ranks);
  Mover(group, call, movement, input, output, deadline).run_begun();
}

}  // namespace skein
