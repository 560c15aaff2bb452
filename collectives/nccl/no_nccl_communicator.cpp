// Stands in for the NCCL communicator where CUDA or NCCL is not there at build time.

#include "collectives/nccl/nccl_communicator.h"
#include "runtime/process/error.h"

namespace skein {

std::unique_ptr<Communicator> make_nccl_communicator(World&) {
  throw ConfigError("this build of Skein has no NCCL", "use the host backend, or build with CUDA and NCCL");
}

}  // namespace skein
