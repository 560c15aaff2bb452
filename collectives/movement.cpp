#include "collectives/movement.h"

#include <stdexcept>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

std::vector<std::size_t> block_counts_of(const Call& call, int world_size) {
  if (call.block_counts.empty()) return std::vector<std::size_t>(world_size, call.count);
  return {call.block_counts.begin(), call.block_counts.end()};
}

Movement movement_of(const Call& call, int rank, int world_size) {
  const std::vector<Range> blocks = consecutive(block_counts_of(call, world_size));
  Movement movement;
  movement.outgoing.resize(world_size);
  switch (call.operation) {
    case Operation::kAllgather:
    case Operation::kGather:
      for (int from = 0; from < world_size; ++from) {
        movement.outgoing[from] = {{0, blocks[from].count}};
        if (call.operation == Operation::kAllgather || rank == call.root)
          movement.incoming.push_back({from, 0, blocks[from]});
      }
      return movement;
    case Operation::kScatter:
      movement.addressed = true;
      movement.outgoing[call.root] = blocks;
      movement.incoming = {{call.root, rank, {0, blocks[rank].count}}};
      return movement;
    case Operation::kBroadcast:
      movement.outgoing[call.root] = {{0, call.count}};
      movement.incoming = {{call.root, 0, {0, call.count}}};
      return movement;
    default:
      throw std::logic_error("not a movement");
  }
}

Movement alltoall_movement(std::span<const std::size_t> counts, int rank, int world_size) {
  Movement movement;
  movement.addressed = true;
  std::size_t arrived = 0;
  for (int from = 0; from < world_size; ++from) {
    movement.outgoing.push_back(consecutive(counts.subspan(from * world_size, world_size)));
    const std::size_t count = movement.outgoing[from][rank].count;
    movement.incoming.push_back({from, rank, {arrived, count}});
    arrived += count;
  }
  return movement;
}

std::string pair_mismatch(int from, std::size_t sent, int to, std::size_t expected) {
  return concat("\n  rank ", from, " sends ", sent, " elements to rank ", to, ", which expects ", expected);
}

void throw_pair_mismatch(const Call& call, const std::string& problems) {
  throw MismatchError(concat(call.describe(), ": the ranks disagree about the blocks:", problems),
                      "exchange the counts first, as an alltoall of one number for each rank");
}

}  // namespace skein
