#pragma once
// Memory that the ranks of a host get together.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "collectives/buffer.h"
#include "collectives/node_group.h"

namespace skein {

/// One allocation as this rank sees it.
struct NodeAllocation {
  std::uint32_t id = 0;  ///< none when there is no memory on this host
  std::shared_ptr<std::byte> memory;
  std::string problem;  ///< why there is no memory
};

/// One shared region for the host: a slot of `num_bytes` for each rank, known to the group's arena, or `num_bytes` for all
/// together. Collective over the host; a rank that gets none says why, and the others may have theirs.
NodeAllocation allocate_on_node(NodeGroup& group, std::size_t num_bytes, MemoryOf owner, Deadline deadline);

}  // namespace skein
