#include "collectives/make_communicator.h"

#include <nlohmann/json.hpp>

#include "collectives/host_communicator.h"
#include "collectives/mpi_transport.h"
#include "collectives/nccl/nccl_communicator.h"

namespace skein {

std::unique_ptr<Communicator> make_communicator(World& world, const CommunicatorOptions& options) {
  if (options.backend == Backend::kNccl) return make_nccl_communicator(world);
  auto communicator = std::make_unique<HostCommunicator>(make_mpi_transport(world), world.topology(), world.health());
  world.post_mortem().add_section("calls",
                                  [recorder = communicator->flight_recorder()] { return recorder->to_json(); });
  return communicator;
}

}  // namespace skein
