#pragma once
// Memory for parameters and optimizer state: the host's, or a rank's own of which only what is touched takes room.

#include <torch/types.h>

#include <vector>

#include "collectives/communicator.h"
#include "trainer/parallel/parameter_sync.h"

namespace skein {

/// A zeroed tensor for each parameter, of its type, shape and strides, all in one piece of memory that lives as long as
/// any of them.
class UpdateMemory {
 public:
  /// Of the host: collective, the same memory for all its ranks.
  static UpdateMemory of_host(Communicator& communicator);
  /// Of this rank. Pages that are never written take no memory.
  static UpdateMemory of_rank();

  std::vector<torch::Tensor> like(const std::vector<NamedTensor>& parameters) const;
  /// Zeroed numbers.
  std::shared_ptr<double> doubles(std::size_t count) const;

 private:
  explicit UpdateMemory(Communicator* communicator) : communicator_(communicator) {}
  std::shared_ptr<std::byte> allocate(std::size_t num_bytes) const;

  Communicator* communicator_;  // null: of this rank
};

}  // namespace skein
