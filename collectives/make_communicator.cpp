#include "collectives/make_communicator.h"

#include <nlohmann/json.hpp>

#include "collectives/host_communicator.h"
#include "collectives/mpi_transport.h"
#include "collectives/nccl/nccl_communicator.h"
#include "collectives/share_links.h"

namespace skein {

std::unique_ptr<Communicator> make_communicator(World& world, const CommunicatorOptions& options) {
  if (options.backend == Backend::kNccl) return make_nccl_communicator(world);
  auto transport = make_mpi_transport(world);
  const auto links = share_links(*transport, options.links, Deadline::after(kDefaultTimeout));
  auto communicator = std::make_unique<HostCommunicator>(std::move(transport), world.topology(), world.health(),
                                                         /*arena=*/nullptr, links);
  world.post_mortem().add_section("calls",
                                  [recorder = communicator->flight_recorder()] { return recorder->to_json(); });
  return communicator;
}

}  // namespace skein
