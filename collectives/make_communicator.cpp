#include "collectives/make_communicator.h"

#include "collectives/host_communicator.h"
#include "collectives/mpi_transport.h"
#include "collectives/nccl/nccl_communicator.h"
#include "collectives/share_links.h"
#include "collectives/world_trace.h"

namespace skein {

std::unique_ptr<Communicator> make_communicator(World& world, const CommunicatorOptions& options) {
  if (options.backend == Backend::kNccl) return make_nccl_communicator(world);
  auto transport = make_mpi_transport(world);
  const auto links = share_links(*transport, options.links, Deadline::after(kDefaultTimeout));
  WorldTrace& trace = world.companion<WorldTrace>();
  trace.synchronize(*transport);
  return std::make_unique<HostCommunicator>(std::move(transport), world.topology(), world.health(), nullptr, links,
                                            trace.history().of_world(world.world_size()));
}

}  // namespace skein
