#pragma once
// Memory that the ranks of a host get together.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "collectives/node_group.h"

namespace skein {

/// One allocation as this rank sees it.
struct NodeAllocation {
  std::uint32_t id = 0;  ///< none when there is no memory on this host
  std::shared_ptr<std::byte> memory;
  std::string problem;  ///< why there is no memory
};

/// A slot of `num_bytes` in one shared region for each rank of the host, known to the group's arena. Collective over the
/// host; a rank that gets none says why, and the others may have theirs.
NodeAllocation allocate_on_node(NodeGroup& group, std::size_t num_bytes, Deadline deadline);

}  // namespace skein
