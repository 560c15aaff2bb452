// The planners by their properties.

#include "collectives/algorithms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "tests/collectives/plan_simulation.h"

namespace skein {
namespace {

class Planners : public testing::TestWithParam<int> {
 protected:
  int world_size() const { return GetParam(); }
  std::vector<std::size_t> counts() const {
    const auto n = static_cast<std::size_t>(world_size());
    return {0, 1, n - 1, n, n + 1, 1000003};
  }
};
INSTANTIATE_TEST_SUITE_P(All, Planners, testing::Range(1, 18));

TEST_P(Planners, SplitEvenly) {
  for (std::size_t count : counts()) {
    const auto chunks = split_evenly(count, world_size());
    ASSERT_EQ(chunks.size(), static_cast<std::size_t>(world_size()));
    std::size_t begin = 0;
    for (const Range& chunk : chunks) {
      ASSERT_EQ(chunk.begin, begin);
      ASSERT_LE(chunks[0].count - chunk.count, 1u);
      begin = chunk.end();
    }
    ASSERT_EQ(begin, count);
  }
}

TEST_P(Planners, RingReduceScatterReducesEachChunkOnceOnItsRank) {
  for (std::size_t count : counts()) {
    const auto chunks = split_evenly(count, world_size());
    const Plan plan = plan_of(world_size(), [&](int rank) { return ring_reduce_scatter(rank, chunks); });
    Simulation simulation(plan, count, own);
    simulation.run();
    for (int rank = 0; rank < world_size(); ++rank) {
      expect_everywhere(simulation.buffer(rank), chunks[rank], everyone_once(world_size()));
      // Every chunk but its own, once.
      ASSERT_EQ(elements_sent(plan[rank]), count - chunks[rank].count);
      ASSERT_EQ(plan[rank].size(), static_cast<std::size_t>(world_size() - 1));
    }
  }
}

TEST_P(Planners, RingAllgatherTakesEachChunkEverywhere) {
  for (std::size_t count : counts()) {
    const auto chunks = split_evenly(count, world_size());
    const Plan plan = plan_of(world_size(), [&](int rank) { return ring_allgather(rank, chunks); });
    Simulation simulation(plan, count, own);
    simulation.run();
    for (int rank = 0; rank < world_size(); ++rank) {
      for (int source = 0; source < world_size(); ++source)
        expect_everywhere(simulation.buffer(rank), chunks[source], own(source, 0));
      // Every chunk but its right neighbour's, once.
      ASSERT_EQ(elements_sent(plan[rank]), count - chunks[(rank + 1) % world_size()].count);
    }
  }
}

/// Whether every rank ends with everybody's contribution, and all of them together send 2(n-1)/n of the buffer each; no
/// rank takes more than `most_steps`.
void expect_allreduce_of_least_bytes(const Plan& plan, std::size_t count, std::size_t most_steps) {
  const int world_size = static_cast<int>(plan.size());
  Simulation simulation(plan, count, own);
  simulation.run();
  std::size_t sent_by_all = 0;
  for (int rank = 0; rank < world_size; ++rank) {
    expect_everywhere(simulation.buffer(rank), {0, count}, everyone_once(world_size));
    sent_by_all += elements_sent(plan[rank]);
    ASSERT_LE(plan[rank].size(), most_steps);
  }
  ASSERT_EQ(sent_by_all, 2 * (world_size - 1) * count);
}

TEST_P(Planners, RingAllreduce) {
  const std::size_t num_steps = 2 * static_cast<std::size_t>(world_size() - 1);
  for (std::size_t count : counts()) {
    const auto chunks = split_evenly(count, world_size());
    const Plan plan = plan_of(world_size(), [&](int rank) { return ring_allreduce(rank, chunks); });
    expect_allreduce_of_least_bytes(plan, count, num_steps);
    for (const Schedule& schedule : plan) ASSERT_EQ(schedule.size(), num_steps);
  }
}

TEST_P(Planners, RingsTakeChunksOfAnyLength) {
  std::vector<Range> chunks;  // 0, 1, 2, ... elements
  for (std::size_t i = 0; i < static_cast<std::size_t>(world_size()); ++i)
    chunks.push_back({chunks.empty() ? 0 : chunks.back().end(), i});
  const std::size_t count = chunks.back().end();
  const Plan plan = plan_of(world_size(), [&](int rank) { return ring_allreduce(rank, chunks); });
  Simulation simulation(plan, count, own);
  simulation.run();
  for (int rank = 0; rank < world_size(); ++rank)
    expect_everywhere(simulation.buffer(rank), {0, count}, everyone_once(world_size()));
}

TEST_P(Planners, RecursiveDoublingAllreduce) {
  int power = 1, rounds = 0;
  for (; power * 2 <= world_size(); power *= 2) ++rounds;
  for (std::size_t count : counts()) {
    const Plan plan =
        plan_of(world_size(), [&](int rank) { return recursive_doubling_allreduce(rank, world_size(), count); });
    Simulation simulation(plan, count, own);
    simulation.run();
    for (int rank = 0; rank < world_size(); ++rank) {
      expect_everywhere(simulation.buffer(rank), {0, count}, everyone_once(world_size()));
      const bool is_guest = rank >= power;
      const bool has_guest = rank + power < world_size();
      ASSERT_EQ(elements_sent(plan[rank]), count * (is_guest ? 1 : rounds + (has_guest ? 1 : 0)));
    }
  }
}

TEST_P(Planners, BinomialBroadcastFromEveryRoot) {
  for (int root = 0; root < world_size(); ++root) {
    constexpr std::size_t kCount = 1000003;
    const Plan plan =
        plan_of(world_size(), [&](int rank) { return binomial_broadcast(rank, world_size(), root, kCount); });
    Simulation simulation(plan, kCount, own);
    simulation.run();
    std::size_t sent_by_all = 0, longest = 0;
    for (int rank = 0; rank < world_size(); ++rank) {
      expect_everywhere(simulation.buffer(rank), {0, kCount}, own(root, 0));
      sent_by_all += elements_sent(plan[rank]);
      longest = std::max(longest, plan[rank].size());
    }
    ASSERT_EQ(sent_by_all, (world_size() - 1) * kCount);
    ASSERT_LE(1 << longest, 2 * world_size()) << "about log2(n) steps";
  }
}

TEST_P(Planners, ChainBroadcastFromEveryRoot) {
  constexpr std::size_t kCount = 1000003;
  for (int root = 0; root < world_size(); ++root) {
    const Plan plan = plan_of(world_size(), [&](int rank) { return chain_broadcast(rank, world_size(), root, kCount); });
    Simulation simulation(plan, kCount, own);
    simulation.run();
    for (int rank = 0; rank < world_size(); ++rank) {
      expect_everywhere(simulation.buffer(rank), {0, kCount}, own(root, 0));
      ASSERT_LE(elements_sent(plan[rank]), kCount);
    }
  }
}

TEST_P(Planners, HalvingAndDoublingTakeFewRounds) {
  const auto num_rounds = static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(world_size() - 1)));
  for (std::size_t count : counts()) {
    const auto chunks = split_evenly(count, world_size());
    // Two phases; a round takes one step, or two where it wraps around.
    expect_allreduce_of_least_bytes(
        plan_of(world_size(), [&](int rank) { return halving_doubling_allreduce(rank, chunks); }), count,
        4 * num_rounds);
  }
}

TEST_P(Planners, HalvingReduceScatterReducesEachBlockOnceOnItsRank) {
  std::vector<Range> blocks;  // 0, 1, 2, ... elements
  for (std::size_t i = 0; i < static_cast<std::size_t>(world_size()); ++i)
    blocks.push_back({blocks.empty() ? 0 : blocks.back().end(), i});
  const Plan plan = plan_of(world_size(), [&](int rank) { return halving_reduce_scatter(rank, blocks); });
  Simulation simulation(plan, blocks.back().end(), own);
  simulation.run();
  for (int rank = 0; rank < world_size(); ++rank) {
    expect_everywhere(simulation.buffer(rank), blocks[rank], everyone_once(world_size()));
    for (const Step& step : plan[rank]) ASSERT_EQ(step.completes, &step == &plan[rank].back());
  }
}

}  // namespace
}  // namespace skein
