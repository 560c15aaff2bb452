#include "collectives/node_operations.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "collectives/reduce_kernels.h"
#include "collectives/schedule.h"

namespace skein {
namespace {

std::byte* bytes(const Buffer& buffer) {
  return static_cast<std::byte*>(buffer.data);
}

void copy_bytes(std::byte* to, const std::byte* from, std::size_t num_bytes) {
  if (to != from && num_bytes != 0) std::memcpy(to, from, num_bytes);
}

double scale_of(const Call& call, int num_ranks) {
  return call.reduce_op == ReduceOp::kAverage ? 1.0 / num_ranks : 1.0;
}

/// For each local rank, an address computed from it.
template <class Address>
std::vector<const void*> for_each_rank(const NodeGroup& group, Address address) {
  std::vector<const void*> result(group.local_size());
  for (int local = 0; local < group.local_size(); ++local) result[local] = address(local);
  return result;
}

enum class Located { kNone, kSome, kAll };

Located located(const NodeGroup& group, Arena::Location NodeGroup::Places::*which) {
  int num_located = 0;
  for (int local = 0; local < group.local_size(); ++local)
    num_located += group.places(local).*which != Arena::kNowhere ? 1 : 0;
  if (num_located == 0) return Located::kNone;
  return num_located == group.local_size() ? Located::kAll : Located::kSome;
}

/// A buffer taken through the stages chunk by chunk. `copy_in(chunk)` fills this rank's stage, `use(chunk)` works on
/// all ranks' stages of that chunk, `copy_out(chunk)` comes after all have used it; a chunk's half is chunk % 2. While
/// one chunk is used the next is copied in, so one sync point a chunk is enough.
template <class CopyIn, class Use, class CopyOut>
class Pipeline {
 public:
  Pipeline(NodeGroup& group, std::size_t num_chunks, Deadline deadline, CopyIn copy_in, Use use, CopyOut copy_out)
      : group_(group),
        num_chunks_(num_chunks),
        deadline_(deadline),
        copy_in_(copy_in),
        use_(use),
        copy_out_(copy_out) {}

  /// Starts before the call begins where this rank already knows that it will go through the stages.
  void copy_first_early() {
    copy_in_(0);
    first_copied_ = true;
  }
  /// `all_were_early`: whether every rank copied its first chunk before begin().
  void run(bool all_were_early) {
    if (!first_copied_) copy_in_(0);
    if (!all_were_early) group_.sync(deadline_);
    for (std::size_t chunk = 0; chunk < num_chunks_; ++chunk) {
      use_(chunk);
      if (chunk + 1 < num_chunks_) copy_in_(chunk + 1);
      group_.sync(deadline_);
      copy_out_(chunk);
    }
  }

 private:
  NodeGroup& group_;
  std::size_t num_chunks_;
  Deadline deadline_;
  CopyIn copy_in_;
  Use use_;
  CopyOut copy_out_;
  bool first_copied_ = false;
};

constexpr auto kNothing = [](std::size_t) {};

std::size_t num_chunks(std::size_t count, std::size_t chunk) {
  return (count + chunk - 1) / chunk;
}

/// Elements of the `index`-th chunk of `chunk_count` elements each; the last one may be shorter.
Range chunk_range(std::size_t count, std::size_t chunk_count, std::size_t index) {
  const std::size_t begin = index * chunk_count;
  return {begin, std::min(chunk_count, count - begin)};
}

void reduce_in_place(NodeGroup& group, const Call& call, const Buffer& buffer, Deadline deadline) {
  const Range slice = cache_aligned_part(buffer.count, buffer.dtype, group.local_size(), group.local_rank());
  const std::size_t offset = slice.begin * dtype_bytes(buffer.dtype);
  std::vector<void*> everyone(group.local_size());
  for (int local = 0; local < group.local_size(); ++local)
    everyone[local] = group.address(group.places(local).output, local) + offset;
  const std::vector<const void*> sources(everyone.begin(), everyone.end());
  reduce_buffers(everyone, sources, slice.count, buffer.dtype, call.reduce_op, scale_of(call, group.local_size()));
  group.sync(deadline);
}

/// From here on two sync points in place cost less than every rank reading every message.
constexpr std::size_t kInPlaceBytes = 2048;

void allreduce_small(NodeGroup& group, const Call& call, const Buffer& buffer, Deadline deadline) {
  const auto announce = [&] { copy_bytes(group.next_small(), bytes(buffer), buffer.num_bytes()); };
  NodeGroup::Places places;
  if (buffer.num_bytes() > kInPlaceBytes) places.output = group.locate(buffer.data, buffer.num_bytes());
  if (places.output == Arena::kNowhere) announce();
  group.begin(call, places, deadline);
  const Located where = located(group, &NodeGroup::Places::output);
  if (where == Located::kAll) return reduce_in_place(group, call, buffer, deadline);
  if (where == Located::kSome) {  // some had counted on working in place
    announce();
    group.sync(deadline);
  }
  const auto sources = for_each_rank(group, [&](int local) { return group.small(local); });
  reduce_buffers(std::array<void*, 1>{buffer.data}, sources, buffer.count, buffer.dtype, call.reduce_op,
                 scale_of(call, group.local_size()));
}

}  // namespace

Range cache_aligned_part(std::size_t count, DType dtype, int num_parts, int index) {
  constexpr std::size_t kCacheLineBytes = 64;
  const std::size_t unit = kCacheLineBytes / dtype_bytes(dtype);
  const std::size_t num_units = (count + unit - 1) / unit;
  const std::size_t begin = std::min(count, num_units * index / num_parts * unit);
  const std::size_t end = std::min(count, num_units * (index + 1) / num_parts * unit);
  return {begin, end - begin};
}

void node_allreduce(NodeGroup& group, const Call& call, const Buffer& buffer, Deadline deadline) {
  if (buffer.num_bytes() <= NodeGroup::kSmallBytes) return allreduce_small(group, call, buffer, deadline);
  const std::size_t element = dtype_bytes(buffer.dtype);
  const std::size_t chunk_count = group.stage_bytes() / element;
  const auto range = [&](std::size_t chunk) { return chunk_range(buffer.count, chunk_count, chunk); };
  Pipeline pipeline(
      group, num_chunks(buffer.count, chunk_count), deadline,
      [&](std::size_t chunk) {
        const Range part = range(chunk);
        copy_bytes(group.stage(group.local_rank(), chunk % 2), bytes(buffer) + part.begin * element,
                   part.count * element);
      },
      [&](std::size_t chunk) {
        const Range slice =
            cache_aligned_part(range(chunk).count, buffer.dtype, group.local_size(), group.local_rank());
        const auto sources =
            for_each_rank(group, [&](int local) { return group.stage(local, chunk % 2) + slice.begin * element; });
        const std::array<void*, 1> result{group.shared_stage(chunk % 2) + slice.begin * element};
        reduce_buffers(result, sources, slice.count, buffer.dtype, call.reduce_op, scale_of(call, group.local_size()));
      },
      [&](std::size_t chunk) {
        const Range part = range(chunk);
        copy_bytes(bytes(buffer) + part.begin * element, group.shared_stage(chunk % 2), part.count * element);
      });
  const NodeGroup::Places places{Arena::kNowhere, group.locate(buffer.data, buffer.num_bytes())};
  if (places.output == Arena::kNowhere) pipeline.copy_first_early();
  group.begin(call, places, deadline);
  const Located where = located(group, &NodeGroup::Places::output);
  if (where == Located::kAll) return reduce_in_place(group, call, buffer, deadline);
  pipeline.run(where == Located::kNone);
}

void node_reduce_scatter(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output,
                         Deadline deadline) {
  const std::size_t element = dtype_bytes(output.dtype);
  const std::size_t block = output.num_bytes();
  const double scale = scale_of(call, group.local_size());
  const int me = group.local_rank();
  const auto reduce_into = [&](std::size_t begin, std::size_t count, const std::vector<const void*>& sources) {
    reduce_buffers(std::array<void*, 1>{bytes(output) + begin * element}, sources, count, output.dtype, call.reduce_op,
                   scale);
  };
  if (input.num_bytes() <= NodeGroup::kSmallBytes) {
    copy_bytes(group.next_small(), bytes(input), input.num_bytes());
    group.begin(call, {}, deadline);
    return reduce_into(0, output.count,
                       for_each_rank(group, [&](int local) { return group.small(local) + me * block; }));
  }
  const std::size_t chunk_count = std::max<std::size_t>(1, group.stage_bytes() / element / group.local_size());
  const auto range = [&](std::size_t chunk) { return chunk_range(output.count, chunk_count, chunk); };
  Pipeline pipeline(
      group, num_chunks(output.count, chunk_count), deadline,
      [&](std::size_t chunk) {
        const Range part = range(chunk);
        for (int target = 0; target < group.local_size(); ++target)
          copy_bytes(group.stage(me, chunk % 2) + target * chunk_count * element,
                     bytes(input) + target * block + part.begin * element, part.count * element);
      },
      [&](std::size_t chunk) {
        reduce_into(range(chunk).begin, range(chunk).count, for_each_rank(group, [&](int local) {
                      return group.stage(local, chunk % 2) + me * chunk_count * element;
                    }));
      },
      kNothing);
  const NodeGroup::Places places{group.locate(input.data, input.num_bytes()), Arena::kNowhere};
  if (places.input == Arena::kNowhere) pipeline.copy_first_early();
  group.begin(call, places, deadline);
  const Located where = located(group, &NodeGroup::Places::input);
  if (where != Located::kAll) return pipeline.run(where == Located::kNone);
  reduce_into(0, output.count, for_each_rank(group, [&](int local) {
                return group.address(group.places(local).input, local) + me * block;
              }));
  group.sync(deadline);
}

void node_allgather(NodeGroup& group, const Call& call, const Buffer& input, const Buffer& output, Deadline deadline) {
  const std::size_t block = input.num_bytes();
  const auto collect = [&](std::size_t begin, std::size_t num_bytes, auto source) {
    for (int local = 0; local < group.local_size(); ++local) {
      const std::byte* from = local == group.local_rank() ? bytes(input) + begin : source(local);
      copy_bytes(bytes(output) + local * block + begin, from, num_bytes);
    }
  };
  if (block <= NodeGroup::kSmallBytes) {
    copy_bytes(group.next_small(), bytes(input), block);
    group.begin(call, {}, deadline);
    return collect(0, block, [&](int local) { return group.small(local); });
  }
  const std::size_t chunk_bytes = group.stage_bytes();
  const auto length = [&](std::size_t chunk) { return std::min(chunk_bytes, block - chunk * chunk_bytes); };
  Pipeline pipeline(
      group, num_chunks(block, chunk_bytes), deadline,
      [&](std::size_t chunk) {
        copy_bytes(group.stage(group.local_rank(), chunk % 2), bytes(input) + chunk * chunk_bytes, length(chunk));
      },
      [&](std::size_t chunk) {
        collect(chunk * chunk_bytes, length(chunk), [&](int local) { return group.stage(local, chunk % 2); });
      },
      kNothing);
  const NodeGroup::Places places{group.locate(input.data, block), Arena::kNowhere};
  if (places.input == Arena::kNowhere) pipeline.copy_first_early();
  group.begin(call, places, deadline);
  const Located where = located(group, &NodeGroup::Places::input);
  if (where != Located::kAll) return pipeline.run(where == Located::kNone);
  collect(0, block, [&](int local) { return group.address(group.places(local).input, local); });
  group.sync(deadline);
}

void node_broadcast(NodeGroup& group, const Call& call, const Buffer& buffer, int root, Deadline deadline) {
  const bool is_root = group.local_rank() == root;
  const std::size_t total = buffer.num_bytes();
  if (total <= NodeGroup::kSmallBytes) {
    if (is_root) copy_bytes(group.next_small(), bytes(buffer), total);
    group.begin(call, {}, deadline);
    if (!is_root) copy_bytes(bytes(buffer), group.small(root), total);
    return;
  }
  const std::size_t chunk_bytes = group.stage_bytes();
  const auto length = [&](std::size_t chunk) { return std::min(chunk_bytes, total - chunk * chunk_bytes); };
  Pipeline pipeline(
      group, num_chunks(total, chunk_bytes), deadline,
      [&](std::size_t chunk) {
        if (is_root) copy_bytes(group.stage(root, chunk % 2), bytes(buffer) + chunk * chunk_bytes, length(chunk));
      },
      [&](std::size_t chunk) {
        if (!is_root) copy_bytes(bytes(buffer) + chunk * chunk_bytes, group.stage(root, chunk % 2), length(chunk));
      },
      kNothing);
  const NodeGroup::Places places{group.locate(buffer.data, total), Arena::kNowhere};
  if (places.input == Arena::kNowhere) pipeline.copy_first_early();
  group.begin(call, places, deadline);
  const Arena::Location source = group.places(root).input;
  if (source == Arena::kNowhere) return pipeline.run(/*all_were_early=*/true);  // the root was, and only it copies in
  if (!is_root) copy_bytes(bytes(buffer), group.address(source, root), total);
  group.sync(deadline);
}

void node_barrier(NodeGroup& group, const Call& call, Deadline deadline) {
  group.begin(call, {}, deadline);
}

}  // namespace skein
