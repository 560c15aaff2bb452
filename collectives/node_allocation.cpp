#include "collectives/node_allocation.h"

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

}  // namespace

/// The first rank of the host makes the region, the others open it.
NodeAllocation allocate_on_node(NodeGroup& group, std::size_t num_bytes, Deadline deadline) {
  Arena& arena = *group.arena();
  NodeAllocation result;
  Offer offer;
  std::shared_ptr<SharedRegion> region;
  if (group.local_rank() == 0) {
    result.problem = problem_of([&] {
      region = arena.make_region(num_bytes);
      offer = {handle_of(region), arena.next_allocation_id()};
    });
  }
  offer = offer_of_first(group, offer, deadline);
  result.id = offer.id;
  if (offer.id != 0) {
    result.problem = problem_of([&] {
      if (!region) region = open_region(offer.handle, arena.region_bytes(num_bytes));
      result.memory = group.add_allocation(offer.id, region, num_bytes);
    });
  } else if (result.problem.empty()) {
    result.problem = "the first rank of this host could not create shared memory";
  }
  group.sync(deadline);  // the leader's region stays until all have opened it, and all slots are committed
  return result;
}

}  // namespace skein
