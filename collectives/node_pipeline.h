#pragma once
// What the collectives of one host share: addresses by rank, and buffers taken through the stages chunk by chunk.

#include <algorithm>
#include <vector>

#include "collectives/buffer.h"
#include "collectives/copy_kernels.h"
#include "collectives/node_group.h"
#include "collectives/schedule.h"

namespace skein {

inline std::byte* bytes(const Buffer& buffer) {
  return static_cast<std::byte*>(buffer.data);
}

/// Also of nothing, from nowhere, and onto itself.
inline void copy_bytes(std::byte* to, const std::byte* from, std::size_t num_bytes,
                       std::size_t num_bytes_together = 0) {
  if (to != from) copy_large(to, from, num_bytes, num_bytes_together);
}

/// For each local rank, an address computed from it.
template <class Address>
std::vector<const void*> for_each_rank(const NodeGroup& group, Address address) {
  std::vector<const void*> result(group.local_size());
  for (int local = 0; local < group.local_size(); ++local) result[local] = address(local);
  return result;
}

enum class HowMany { kNone, kSome, kAll };

/// How many of the ranks of which `asked` is true have the property `has`; all of none are all.
template <class Asked, class Has>
HowMany how_many(const NodeGroup& group, Asked asked, Has has) {
  int num_asked = 0;
  int num_with = 0;
  for (int local = 0; local < group.local_size(); ++local) {
    if (!asked(local)) continue;
    ++num_asked;
    num_with += has(local) ? 1 : 0;
  }
  if (num_with == num_asked) return HowMany::kAll;
  return num_with == 0 ? HowMany::kNone : HowMany::kSome;
}

inline std::size_t num_chunks(std::size_t count, std::size_t chunk_count) {
  return (count + chunk_count - 1) / chunk_count;
}

/// Elements of the `index`-th chunk of `chunk_count` elements each; the last one may be shorter, later ones are empty.
inline Range chunk_range(std::size_t count, std::size_t chunk_count, std::size_t index) {
  const std::size_t begin = std::min(count, index * chunk_count);
  return {begin, std::min(chunk_count, count - begin)};
}

inline constexpr auto kNoCopyOut = [](std::size_t) {};

/// `copy_in(chunk)` fills this rank's piece of the stages, `use(chunk)` works on all ranks' pieces of that chunk,
/// `copy_out(chunk)` comes after all have used it. While one chunk is used the next is copied in, so one sync point a
/// chunk is enough.
template <class CopyIn, class Use, class CopyOut>
class Pipeline {
 public:
  /// `piece_bytes`: what a chunk takes of a stage.
  Pipeline(NodeGroup& group, std::size_t num_chunks, std::size_t piece_bytes, Deadline deadline, CopyIn copy_in, Use use,
           CopyOut copy_out)
      : group_(group),
        num_chunks_(num_chunks),
        piece_bytes_(piece_bytes),
        deadline_(deadline),
        copy_in_(copy_in),
        use_(use),
        copy_out_(copy_out) {}

  /// Starts before the call begins where this rank already knows that it will go through the stages.
  void copy_first_early() {
    group_.stages().begin_call(piece_bytes_);
    copy_in_(0);
    first_copied_ = true;
  }
  /// `all_were_early`: whether every rank copied its first chunk before the call began.
  void run(bool all_were_early) {
    if (!first_copied_) copy_first_early();
    if (!all_were_early) group_.sync(deadline_);
    for (std::size_t chunk = 0; chunk < num_chunks_; ++chunk) {
      use_(chunk);
      if (chunk + 1 < num_chunks_) copy_in_(chunk + 1);
      group_.sync(deadline_);
      copy_out_(chunk);
    }
    group_.stages().end_call(num_chunks_);
  }

 private:
  NodeGroup& group_;
  std::size_t num_chunks_;
  std::size_t piece_bytes_;
  Deadline deadline_;
  CopyIn copy_in_;
  Use use_;
  CopyOut copy_out_;
  bool first_copied_ = false;
};

}  // namespace skein
