#pragma once
// How a rank gets at the buffers of the other ranks of its host, in the arena or anywhere.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "collectives/arena.h"
#include "collectives/dtype.h"

namespace skein {

/// A process of the host, as messages name it.
struct Peer {
  pid_t pid = 0;
  std::string name;
};

/// A buffer of some rank of the host: at an address of this process, or in another one, of which the kernel copies
/// (process_vm_readv and process_vm_writev, which CMA of MPI libraries uses too). Its owner leaves it as it is meanwhile.
class PeerBuffer {
 public:
  explicit PeerBuffer(std::byte* here) : here_(here) {}
  PeerBuffer(const Peer& owner, std::uint64_t there) : owner_(&owner), there_(there) {}

  /// Its address in this process; null where it has none.
  std::byte* here() const { return here_; }
  /// The buffer from `offset` bytes on.
  PeerBuffer from(std::size_t offset) const;
  /// The first `num_bytes`: where they lie, or copied to `scratch`. Throws PeerLost, which names
  /// the owner, when they cannot be had any more.
  const std::byte* read(std::size_t num_bytes, std::byte* scratch) const;
  /// The same as copies.
  void copy_to(std::byte* to, std::size_t num_bytes) const;
  void copy_from(const std::byte* from, std::size_t num_bytes) const;

 private:
  std::byte* here_ = nullptr;
  const Peer* owner_ = nullptr;
  std::uint64_t there_ = 0;
};

/// Reduces buffers of several ranks; keeps the memory that copies of them need. Not thread-safe.
class PeerReducer {
 public:
  /// As reduce_buffers() into `destination`, for `count` elements that begin at `offset` bytes in each of `sources`; all
  /// of them that lie in other processes are copied at once, so few at a time stay in the caches.
  void reduce(std::byte* destination, std::span<const PeerBuffer> sources, std::size_t offset, std::size_t count,
              DType dtype, ReduceOp op, const Scales& scales);

 private:
  std::vector<std::byte> copies_;
  std::vector<const void*> inputs_;
};

/// What the ranks of one host know of each other's memory.
class PeerMemory {
 public:
  /// Collective over the ranks of the host: `exchange` gives every rank's string, in order of local rank, all of the
  /// same length. `slots` are theirs in the arena, `names` are for messages.
  PeerMemory(std::shared_ptr<Arena> arena, std::vector<int> slots, const std::vector<std::string>& names,
             const std::function<std::vector<std::string>(const std::string&)>& exchange);
  PeerMemory(const PeerMemory&) = delete;
  PeerMemory& operator=(const PeerMemory&) = delete;

  const std::shared_ptr<Arena>& arena() const { return arena_; }
  /// Whether every rank of the host can read and write every other's memory. SKEIN_PEER_MEMORY=off forbids it.
  bool reaches_all() const { return reaches_all_; }
  /// Makes a region known in which every rank of the host has a slot; see Arena::add.
  std::shared_ptr<std::byte> add(std::uint32_t id, const std::shared_ptr<SharedRegion>& region, std::size_t num_bytes) {
    return arena_->add(id, region, num_bytes, slots_);
  }
  /// Where a buffer of this rank lies in the arena, when all ranks of the host know the allocation.
  Arena::Location locate(const void* data, std::size_t num_bytes) const {
    return arena_->locate(data, num_bytes, slots_);
  }
  /// There, or else anywhere in this process where all ranks can reach it.
  Arena::Location reach(const void* data, std::size_t num_bytes) const;
  /// What the rank `local` located.
  PeerBuffer buffer(Arena::Location location, int local) const;
  /// The same for what lies in the arena.
  std::byte* address(Arena::Location location, int local) const { return arena_->address(location, slots_[local]); }

 private:
  std::shared_ptr<Arena> arena_;
  std::vector<int> slots_;  // by local rank
  std::vector<Peer> peers_;
  bool reaches_all_ = false;
};

}  // namespace skein
