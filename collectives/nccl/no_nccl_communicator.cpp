// Stands in for the NCCL communicator until there is one.

#include "collectives/nccl/nccl_communicator.h"
#include "runtime/process/error.h"

namespace skein {

std::unique_ptr<Communicator> make_nccl_communicator(World&) {
  throw ConfigError("this build of Skein has no NCCL", "use the host backend");
}

}  // namespace skein
