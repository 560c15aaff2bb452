// reduce_scatter and allgather between hosts: ranks and blocks that are uneven in every way.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include "tests/collectives/conformance/cases.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

constexpr std::size_t kLongBlock = 70001;  // float32 in several segments of a slice

/// Ranks on each host, and whether neighbours among the ranks lie on different hosts.
struct Placement {
  std::vector<int> local_sizes;
  bool round_robin = false;
};
std::ostream& operator<<(std::ostream& out, const Placement& placement) {
  for (const int num_ranks : placement.local_sizes) out << num_ranks << "_";
  return out << (placement.round_robin ? "round_robin" : "by_host");
}

/// One rank of each host, then the next of each.
std::vector<int> dealt_out(const Topology& topology) {
  std::vector<int> ranks;
  for (int local = 0; local < topology.max_local_size(); ++local)
    for (int rank = 0; rank < topology.world_size(); ++rank)
      if (topology.members[rank].local_rank == local) ranks.push_back(rank);
  return ranks;
}

/// Alike, all different, some empty, all empty but one.
std::vector<std::vector<std::size_t>> block_counts(std::size_t num_ranks, std::size_t most) {
  std::vector<std::size_t> uneven(num_ranks), some_empty(num_ranks), only_one(num_ranks);
  for (std::size_t rank = 0; rank < num_ranks; ++rank) {
    uneven[rank] = most / (rank + 1) + rank;
    some_empty[rank] = rank % 2 * most;
  }
  only_one[num_ranks / 2] = most;
  return {std::vector<std::size_t>(num_ranks, most), uneven, some_empty, only_one};
}

/// Every kind of memory, in place and not, of every kind of blocks.
void check(Communicator& communicator, Case the_case) {
  const auto n = static_cast<std::size_t>(communicator.world_size());
  CaseRunner runner(communicator, (n + 1) * kLongBlock * sizeof(float));
  for (const std::size_t most : {std::size_t{3}, std::size_t{1000}, kLongBlock})
    for (const std::vector<std::size_t>& counts : block_counts(n, most))
      for (const std::uint64_t in_arena : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0x55555555'aaaaaaaa}})
        for (const bool in_place : {false, true}) {
          the_case.counts = counts;
          the_case.ragged = std::count(counts.begin(), counts.end(), counts[0]) != std::ssize(counts);
          the_case.in_arena = in_arena;
          the_case.in_place = in_place;
          communicator.run(runner.prepare(the_case), Deadline::after(kRanksLimit));
          ASSERT_TRUE(runner.verify());
        }
}

class CrossHostBlocks : public testing::TestWithParam<Placement> {
 protected:
  /// Both operations on all ranks.
  void check_all() {
    run_ranks(GetParam().local_sizes, [&](Communicator& world) {
      std::unique_ptr<Communicator> split;
      if (GetParam().round_robin) split = world.split(dealt_out(world.topology()));
      Communicator& communicator = split ? *split : world;
      check(communicator, {.operation = Operation::kAllgather});
      check(communicator, {.operation = Operation::kReduceScatter});
      check(communicator, {.operation = Operation::kReduceScatter, .op = ReduceOp::kAverage, .scales = {0.5, 4.0}});
    });
  }
};

INSTANTIATE_TEST_SUITE_P(All, CrossHostBlocks,
                         testing::Values(Placement{{1, 1}}, Placement{{2, 1}}, Placement{{1, 2}}, Placement{{3, 1}},
                                         Placement{{2, 2}}, Placement{{2, 2}, true}, Placement{{3, 1}, true},
                                         Placement{{1, 3, 2}, true}, Placement{{1, 1, 1}}),
                         testing::PrintToStringParamName());

TEST_P(CrossHostBlocks, GoWhereTheyShould) {
  check_all();
}

TEST_P(CrossHostBlocks, GoThereThroughTheScratch) {
  setenv("SKEIN_PEER_MEMORY", "off", 1);
  check_all();
  unsetenv("SKEIN_PEER_MEMORY");
}

}  // namespace
}  // namespace skein
