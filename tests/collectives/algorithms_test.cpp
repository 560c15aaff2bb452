// The planners by their properties, without threads or memory: the schedules of all ranks are run side by
// side on sets of contributions instead of numbers.

#include "collectives/algorithms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <deque>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "collectives/choose.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// Which ranks' contributions an element holds, and how often each.
using Contributions = std::map<int, int>;

/// A buffer as a list of pieces between cuts, so that large counts cost nothing.
class SymbolicBuffer {
 public:
  SymbolicBuffer(std::set<std::size_t> cuts, const std::function<Contributions(std::size_t begin)>& initial)
      : cuts_(cuts.begin(), cuts.end()) {
    for (std::size_t i = 0; i + 1 < cuts_.size(); ++i) pieces_.push_back(initial(cuts_[i]));
  }
  std::vector<Contributions> read(const Range& range) const {
    const auto [first, last] = pieces_of(range);
    return {pieces_.begin() + first, pieces_.begin() + last};
  }
  void write(const Range& range, const std::vector<Contributions>& values, bool reduce) {
    const auto [first, last] = pieces_of(range);
    ASSERT_EQ(values.size(), static_cast<std::size_t>(last - first)) << "sent and received ranges differ";
    for (long i = first; i < last; ++i) {
      if (!reduce) pieces_[i].clear();
      for (const auto& [rank, times] : values[i - first]) pieces_[i][rank] += times;
    }
  }

 private:
  std::pair<long, long> pieces_of(const Range& range) const {
    const auto index = [&](std::size_t at) { return std::lower_bound(cuts_.begin(), cuts_.end(), at) - cuts_.begin(); };
    if (range.count == 0) return {0, 0};
    return {index(range.begin), index(range.end())};
  }
  std::vector<std::size_t> cuts_;
  std::vector<Contributions> pieces_;
};

/// The schedules of all ranks.
using Plan = std::vector<Schedule>;

Plan plan_of(int world_size, const std::function<Schedule(int rank)>& planner) {
  Plan plan;
  for (int rank = 0; rank < world_size; ++rank) plan.push_back(planner(rank));
  return plan;
}

std::set<std::size_t> cuts_of(const Plan& plan, std::size_t count) {
  std::set<std::size_t> cuts{0, count};
  for (const Schedule& schedule : plan)
    for (const Step& step : schedule)
      for (const Range& range : {step.send, step.recv}) cuts.insert({range.begin, range.end()});
  return cuts;
}

/// Runs a plan as execute() would: a rank goes on to its next step when it has received what the step waits
/// for. Messages between two ranks keep their order. Fails when ranks wait for each other, when a message is
/// never received, or when its length is not what the receiver expects.
class Simulation {
 public:
  Simulation(const Plan& plan, std::size_t count,
             const std::function<Contributions(int rank, std::size_t begin)>& initial)
      : plan_(plan), next_(plan.size(), 0), sent_(plan.size(), false) {
    for (std::size_t rank = 0; rank < plan.size(); ++rank)
      buffers_.emplace_back(cuts_of(plan, count),
                            [&](std::size_t begin) { return initial(static_cast<int>(rank), begin); });
  }
  void run() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (std::size_t rank = 0; rank < plan_.size(); ++rank)
        while (advance(static_cast<int>(rank))) moved = true;
    }
    for (std::size_t rank = 0; rank < plan_.size(); ++rank)
      ASSERT_EQ(next_[rank], plan_[rank].size()) << "rank " << rank << " waits for ever";
    for (const auto& [route, messages] : in_flight_)
      ASSERT_TRUE(messages.empty()) << "rank " << route.first << " sent rank " << route.second << " too much";
  }
  const SymbolicBuffer& buffer(int rank) const { return buffers_[rank]; }

 private:
  struct Message {
    std::size_t count;
    std::vector<Contributions> content;
  };
  bool advance(int rank) {
    if (next_[rank] == plan_[rank].size()) return false;
    const Step& step = plan_[rank][next_[rank]];
    if (!sent_[rank] && step.send_to != kNobody)
      in_flight_[{rank, step.send_to}].push_back({step.send.count, buffers_[rank].read(step.send)});
    sent_[rank] = true;
    if (step.recv_from != kNobody) {
      auto& messages = in_flight_[{step.recv_from, rank}];
      if (messages.empty()) return false;
      EXPECT_EQ(messages.front().count, step.recv.count) << "rank " << rank << " step " << next_[rank];
      buffers_[rank].write(step.recv, messages.front().content, step.reduce);
      messages.pop_front();
    }
    ++next_[rank];
    sent_[rank] = false;
    return true;
  }

  const Plan& plan_;
  std::vector<std::size_t> next_;
  std::vector<bool> sent_;  // whether the next step has sent already
  std::vector<SymbolicBuffer> buffers_;
  std::map<std::pair<int, int>, std::deque<Message>> in_flight_;
};

Contributions own(int rank, std::size_t) {
  return {{rank, 1}};
}

Contributions everyone_once(int world_size) {
  Contributions all;
  for (int rank = 0; rank < world_size; ++rank) all[rank] = 1;
  return all;
}

void expect_everywhere(const SymbolicBuffer& buffer, const Range& range, const Contributions& expected) {
  for (const Contributions& piece : buffer.read(range)) ASSERT_EQ(piece, expected);
}

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

TEST_P(Planners, RingAllreduce) {
  for (std::size_t count : counts()) {
    const auto chunks = split_evenly(count, world_size());
    const Plan plan = plan_of(world_size(), [&](int rank) { return ring_allreduce(rank, chunks); });
    Simulation simulation(plan, count, own);
    simulation.run();
    std::size_t sent_by_all = 0;
    for (int rank = 0; rank < world_size(); ++rank) {
      expect_everywhere(simulation.buffer(rank), {0, count}, everyone_once(world_size()));
      sent_by_all += elements_sent(plan[rank]);
      ASSERT_EQ(plan[rank].size(), 2 * static_cast<std::size_t>(world_size() - 1));
    }
    ASSERT_EQ(sent_by_all, 2 * (world_size() - 1) * count);  // 2 (n-1)/n of the buffer for each of n ranks
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

TEST_P(Planners, BarrierIsPassedOnlyAfterAllHaveEntered) {
  // An element that travels with every message collects who has been heard of.
  Plan plan = plan_of(world_size(), [&](int rank) { return dissemination_barrier(rank, world_size()); });
  for (Schedule& schedule : plan)
    for (Step& step : schedule) {
      ASSERT_EQ(step.send.count + step.recv.count, 0u);
      step.send = step.recv = {0, 1};
      step.reduce = true;
    }
  Simulation simulation(plan, 1, own);
  simulation.run();
  for (int rank = 0; rank < world_size(); ++rank)
    ASSERT_EQ(simulation.buffer(rank).read({0, 1})[0].size(), static_cast<std::size_t>(world_size()));
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
    const Plan plan = plan_of(world_size(), [&](int rank) { return halving_doubling_allreduce(rank, chunks); });
    Simulation simulation(plan, count, own);
    simulation.run();
    std::size_t sent_by_all = 0;
    for (int rank = 0; rank < world_size(); ++rank) {
      expect_everywhere(simulation.buffer(rank), {0, count}, everyone_once(world_size()));
      sent_by_all += elements_sent(plan[rank]);
      ASSERT_LE(plan[rank].size(), 4 * num_rounds) << "a round takes one step, or two where it wraps around";
    }
    ASSERT_EQ(sent_by_all, 2 * (world_size() - 1) * count);
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

TEST(ChooseAllreduce, TakesTheRingForLargeMessages) {
  const auto choice = [](std::size_t count, int num_hosts) { return choose_allreduce(count, DType::kFloat32, num_hosts); };
  EXPECT_EQ(choice(0, 2), AllreduceAlgorithm::kRecursiveDoubling);
  EXPECT_EQ(choice(100, 8), AllreduceAlgorithm::kRecursiveDoubling);
  EXPECT_EQ(choice(16384, 2), AllreduceAlgorithm::kRing);
  EXPECT_EQ(choice(16384, 8), AllreduceAlgorithm::kHalvingDoubling);
  EXPECT_EQ(choice(1 << 20, 8), AllreduceAlgorithm::kRing);
}

}  // namespace
}  // namespace skein
