#include "collectives/host_order.h"

#include <gtest/gtest.h>

#include "collectives/choose.h"
#include "tests/collectives/placed.h"
#include "tests/collectives/plan_simulation.h"

namespace skein {
namespace {

std::size_t elements_across(const Plan& plan, const Topology& topology) {
  std::size_t total = 0;
  for (int rank = 0; rank < topology.world_size(); ++rank)
    for (const Step& step : plan[rank])
      if (step.send_to != kNobody && topology.members[step.send_to].host != topology.members[rank].host)
        total += step.send.count;
  return total;
}

class Placements : public testing::TestWithParam<std::vector<int>> {
 protected:
  Topology topology_ = placed(GetParam());
  HostOrder order_{topology_};
  int n_ = topology_.world_size();
};
INSTANTIATE_TEST_SUITE_P(All, Placements,
                         testing::Values(std::vector{0, 0, 0}, std::vector{0, 0, 1, 1}, std::vector{0, 1, 0, 1},
                                         std::vector{0, 1, 0, 0}, std::vector{0, 1, 2, 0, 1, 2, 0, 1},
                                         std::vector{0, 1, 1, 0, 2}));

TEST_P(Placements, AChainCrossesOnceForEachHost) {
  for (int root = 0; root < n_; ++root) {
    const Plan plan =
        plan_of(n_, [&](int rank) { return broadcast_schedule(Algorithm::kChain, order_, rank, root, 1000); });
    Simulation simulation(plan, 1000, own);
    simulation.run();
    for (int rank = 0; rank < n_; ++rank) expect_everywhere(simulation.buffer(rank), {0, 1000}, own(root, 0));
    EXPECT_LE(elements_across(plan, topology_), 1000u * topology_.num_hosts());
    if (order_.position_of(root) == 0) {
      EXPECT_EQ(elements_across(plan, topology_), 1000u * (topology_.num_hosts() - 1));
    }
  }
}

TEST(HostOrder, ATreeOverEqualHostsCrossesOnceForEachOther) {
  const Topology topology = placed({0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
  const HostOrder order(topology);
  const Plan plan = plan_of(
      12, [&](int rank) { return broadcast_schedule(Algorithm::kBinomialTree, order, rank, /*root=*/0, 7); });
  EXPECT_EQ(elements_across(plan, topology), 2u * 7u);
}

}  // namespace
}  // namespace skein
