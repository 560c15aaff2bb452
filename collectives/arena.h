#pragma once
// The memory of a host that all its ranks can read and write: each allocation has one slot for each rank.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/process/shared_region.h"

namespace skein {

/// How one rank tells the others where its region is.
struct RegionHandle {
  std::int64_t pid = 0;
  std::int64_t fd = 0;
  std::uint64_t owner = 0;  ///< address of the owner's pointer to the region, for ranks that are threads of one process
};
RegionHandle handle_of(const std::shared_ptr<SharedRegion>& region);
/// The same region in this process: mapped, or shared when its owner is a thread of it. The owner keeps region and
/// pointer in place until every rank has opened it.
std::shared_ptr<SharedRegion> open_region(const RegionHandle& handle, std::size_t num_bytes);

/// One rank's view of its host's arena, shared by a communicator and its splits. Slots are numbered by local rank in
/// the communicator that made the arena. Thread-safe.
class Arena : public std::enable_shared_from_this<Arena> {
 public:
  /// Where a buffer lies: allocation and offset, meaningful together with the slot of the rank that says it. The
  /// highest bit is 0.
  using Location = std::uint64_t;
  static constexpr Location kNowhere = 0;

  Arena(int slot, int num_slots) : slot_(slot), num_slots_(num_slots) {}
  int slot() const { return slot_; }

  /// A number for an allocation led by this rank, unique within the arena. Throws Error when there are too many.
  std::uint32_t next_allocation_id();
  /// Bytes of a region with slots of `num_bytes` each.
  std::size_t region_bytes(std::size_t num_bytes) const;
  /// Makes such a region, for the rank that leads an allocation. Throws Error when memory is short.
  std::shared_ptr<SharedRegion> make_region(std::size_t num_bytes) const;
  /// Makes `region` known as allocation `id` and commits this rank's slot, which is returned and keeps the region
  /// alive. `slots` are the ranks that take part. The allocation stays known until all of them have given their slot
  /// back, so that a rank that is done with its own can still reach the others'. Throws Error when memory is short.
  std::shared_ptr<std::byte> add(std::uint32_t id, const std::shared_ptr<SharedRegion>& region, std::size_t num_bytes,
                                 const std::vector<int>& slots);
  /// Takes back add(), for an allocation that failed on another rank.
  void forget(std::uint32_t id);

  /// Location of `num_bytes` at `data` when all of them lie in this rank's slot of one allocation in which all of
  /// `slots` take part, kNowhere otherwise.
  Location locate(const void* data, std::size_t num_bytes, const std::vector<int>& slots) const;
  /// Address in this process of what the rank with `slot` located there; null when this rank knows no such allocation.
  std::byte* address(Location location, int slot) const;

 private:
  struct Allocation {
    std::uint32_t id;
    std::shared_ptr<SharedRegion> region;
    std::size_t num_bytes;         // of each slot
    std::size_t stride;            // from one slot to the next
    std::size_t num_ranks;         // that take part
    std::vector<bool> takes_part;  // by slot
    std::byte* slot(int index) const { return region->data() + stride * index; }
  };
  void give_back(const SharedRegion& region);
  void drop_unused();
  const Allocation* find(std::uint32_t id) const;

  int slot_;
  int num_slots_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint32_t num_led_ = 0;
  std::vector<Allocation> allocations_;
};

}  // namespace skein
