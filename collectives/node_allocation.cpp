#include "collectives/node_allocation.h"

#include <algorithm>
#include <cstring>
#include <exception>

namespace skein {
namespace {

/// What the first rank of a host tells the others of an allocation.
struct Offer {
  RegionHandle handle;
  std::uint32_t id = 0;  // none when there is no memory
};

Offer offer_of_first(NodeGroup& group, Offer offer, Deadline deadline) {
  const std::string mine(reinterpret_cast<const char*>(&offer), sizeof offer);
  std::memcpy(&offer, group.exchange(mine, deadline)[0].data(), sizeof offer);
  return offer;
}

/// What the exception that `action` throws says; empty when it throws none.
template <class Action>
std::string problem_of(Action action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

/// Slots of the arena.
class Slots {
 public:
  Slots(NodeGroup& group, std::size_t num_bytes) : group_(group), num_bytes_(num_bytes) {}
  std::size_t region_bytes() const { return group_.arena()->region_bytes(num_bytes_); }
  std::shared_ptr<SharedRegion> make() const { return group_.arena()->make_region(num_bytes_); }
  std::uint32_t next_id() const { return group_.arena()->next_allocation_id(); }
  std::shared_ptr<std::byte> take(const Offer& offer, const std::shared_ptr<SharedRegion>& region) const {
    return group_.add_allocation(offer.id, region, num_bytes_);
  }

 private:
  NodeGroup& group_;
  std::size_t num_bytes_;
};

/// One memory for all, which the arena does not know.
class Common {
 public:
  explicit Common(std::size_t num_bytes) : num_bytes_(num_bytes) {}
  std::size_t region_bytes() const { return std::max<std::size_t>(num_bytes_, 1); }
  std::shared_ptr<SharedRegion> make() const {
    auto region = SharedRegion::create(region_bytes());
    region->reserve(0, region_bytes());
    return region;
  }
  std::uint32_t next_id() const { return 1; }
  std::shared_ptr<std::byte> take(const Offer&, const std::shared_ptr<SharedRegion>& region) const {
    return {region, region->data()};
  }

 private:
  std::size_t num_bytes_;
};

/// The first rank of the host makes the region, the others open it.
template <class Kind>
NodeAllocation allocate(NodeGroup& group, const Kind& kind, Deadline deadline) {
  NodeAllocation result;
  Offer offer;
  std::shared_ptr<SharedRegion> region;
  if (group.local_rank() == 0) {
    result.problem = problem_of([&] {
      region = kind.make();
      offer = {handle_of(region), kind.next_id()};
    });
  }
  offer = offer_of_first(group, offer, deadline);
  result.id = offer.id;
  if (offer.id != 0) {
    result.problem = problem_of([&] {
      if (!region) region = open_region(offer.handle, kind.region_bytes());
      result.memory = kind.take(offer, region);
    });
  } else if (result.problem.empty()) {
    result.problem = "the first rank of this host could not create shared memory";
  }
  group.sync(deadline);  // the leader's region stays until all have opened it, and all slots are committed
  return result;
}

}  // namespace

NodeAllocation allocate_on_node(NodeGroup& group, std::size_t num_bytes, MemoryOf owner, Deadline deadline) {
  if (owner == MemoryOf::kRank) return allocate(group, Slots(group, num_bytes), deadline);
  return allocate(group, Common(num_bytes), deadline);
}

}  // namespace skein
