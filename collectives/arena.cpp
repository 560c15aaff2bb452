#include "collectives/arena.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>

#include "runtime/process/error.h"

namespace skein {
namespace {

// Slots start on their own huge page where they are large, so that no page is shared between NUMA nodes.
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kHugePageBytes = 2 * 1024 * 1024;
constexpr int kOffsetBits = 40;
constexpr int kSlotBits = 10;
constexpr int kIdBits = 63 - kOffsetBits;  // the highest bit of a location tells other kinds of memory apart

std::size_t slot_stride(std::size_t num_bytes) {
  const std::size_t unit = num_bytes >= kHugePageBytes ? kHugePageBytes : kPageBytes;
  return std::max<std::size_t>(1, (num_bytes + unit - 1) / unit) * unit;
}

/// On a page of its own at the end of the region: how many ranks have given their slot back.
std::atomic<std::uint32_t>& num_given_back(const SharedRegion& region) {
  std::byte* const page = region.data() + region.num_bytes() - kPageBytes;
  return *std::launder(reinterpret_cast<std::atomic<std::uint32_t>*>(page));
}

}  // namespace

RegionHandle handle_of(const std::shared_ptr<SharedRegion>& region) {
  return {getpid(), region->fd(), reinterpret_cast<std::uint64_t>(&region)};
}

std::shared_ptr<SharedRegion> open_region(const RegionHandle& handle, std::size_t num_bytes) {
  if (handle.pid == getpid()) return *reinterpret_cast<const std::shared_ptr<SharedRegion>*>(handle.owner);
  return SharedRegion::open(static_cast<pid_t>(handle.pid), static_cast<int>(handle.fd), num_bytes);
}

std::uint32_t Arena::next_allocation_id() {
  constexpr std::uint32_t kNumNumbers = 1u << (kIdBits - kSlotBits);
  std::lock_guard lock(mutex_);
  drop_unused();
  for (std::uint32_t attempt = 1; attempt < kNumNumbers; ++attempt) {
    num_led_ = num_led_ % (kNumNumbers - 1) + 1;  // never 0: a location is never kNowhere
    const std::uint32_t id = (num_led_ << kSlotBits) | static_cast<std::uint32_t>(slot_);
    if (find(id) == nullptr) return id;
  }
  throw Error("too many allocations in shared memory at once", "allocate larger pieces and divide them");
}

std::size_t Arena::region_bytes(std::size_t num_bytes) const {
  return slot_stride(num_bytes) * num_slots_ + kPageBytes;
}

std::shared_ptr<SharedRegion> Arena::make_region(std::size_t num_bytes) const {
  auto region = SharedRegion::create(region_bytes(num_bytes));
  region->reserve(region->num_bytes() - kPageBytes, kPageBytes);
  new (&num_given_back(*region)) std::atomic<std::uint32_t>(0);
  return region;
}

std::shared_ptr<std::byte> Arena::add(std::uint32_t id, const std::shared_ptr<SharedRegion>& region,
                                      std::size_t num_bytes, const std::vector<int>& slots) {
  const std::size_t stride = slot_stride(num_bytes);
  region->reserve(stride * slot_, num_bytes);
  std::vector<bool> takes_part(num_slots_, false);
  for (int slot : slots) takes_part[slot] = true;
  {
    std::lock_guard lock(mutex_);
    drop_unused();
    allocations_.push_back({id, region, num_bytes, stride, slots.size(), std::move(takes_part)});
  }
  return {region->data() + stride * slot_,
          [region, arena = shared_from_this()](std::byte*) { arena->give_back(*region); }};
}

void Arena::forget(std::uint32_t id) {
  std::lock_guard lock(mutex_);
  std::erase_if(allocations_, [id](const Allocation& allocation) { return allocation.id == id; });
}

void Arena::give_back(const SharedRegion& region) {
  num_given_back(region).fetch_add(1, std::memory_order_acq_rel);
  std::lock_guard lock(mutex_);
  drop_unused();
}

void Arena::drop_unused() {
  std::erase_if(allocations_, [](const Allocation& allocation) {
    return num_given_back(*allocation.region).load(std::memory_order_acquire) == allocation.num_ranks;
  });
}

const Arena::Allocation* Arena::find(std::uint32_t id) const {
  for (const Allocation& allocation : allocations_)
    if (allocation.id == id) return &allocation;
  return nullptr;
}

Arena::Location Arena::locate(const void* data, std::size_t num_bytes, const std::vector<int>& slots) const {
  const auto* start = static_cast<const std::byte*>(data);
  std::lock_guard lock(mutex_);
  for (const Allocation& allocation : allocations_) {
    const std::byte* slot = allocation.slot(slot_);
    if (start < slot || start + num_bytes > slot + allocation.num_bytes) continue;
    if (!std::all_of(slots.begin(), slots.end(), [&](int other) { return allocation.takes_part[other]; })) continue;
    return static_cast<Location>(allocation.id) << kOffsetBits | static_cast<Location>(start - slot);
  }
  return kNowhere;
}

std::byte* Arena::address(Location location, int slot) const {
  const auto id = static_cast<std::uint32_t>(location >> kOffsetBits);
  const std::size_t offset = location & ((Location{1} << kOffsetBits) - 1);
  std::lock_guard lock(mutex_);
  const Allocation* const allocation = find(id);
  return allocation == nullptr ? nullptr : allocation->slot(slot) + offset;
}

}  // namespace skein
