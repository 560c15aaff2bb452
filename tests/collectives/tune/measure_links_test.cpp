// Measuring links between ranks as threads, and judging the outcome.

#include "collectives/tune/measure_links.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "collectives/tune/compare_profiles.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

MeasuredLinks measure(RankContext& rank) {
  return measure_links(*rank.transport, rank.topology, /*repeats=*/1, std::chrono::seconds(40));
}

void expect_plausible(const LinkCosts& costs) {
  EXPECT_GT(costs.alpha, 10e-9);
  EXPECT_LT(costs.alpha, 1);
  EXPECT_GT(costs.beta, 1e-12);
  EXPECT_LT(costs.beta, 1e-6);
  EXPECT_LE(costs.overhead, costs.alpha / 2);
}

TEST(MeasureLinks, MeetsEveryPairOfHostsOnceAndTellsAllRanksTheSame) {
  for (const auto& local_sizes : std::vector<std::vector<int>>{{1, 1}, {2, 1, 1}, {1, 2, 1, 2}}) {
    std::mutex mutex;
    std::vector<MeasuredLinks> found;
    run_rank_threads(local_sizes, [&](RankContext& rank) {
      const MeasuredLinks links = measure(rank);
      std::lock_guard lock(mutex);
      found.push_back(links);
    });
    for (const MeasuredLinks& links : found) {
      EXPECT_EQ(links.profile, found[0].profile);
      expect_plausible(links.profile.between_hosts);
    }
    std::set<std::pair<int, int>> pairs;
    for (const auto& pair : found[0].pairs) {
      EXPECT_LT(pair.host, pair.other);
      EXPECT_TRUE(pairs.emplace(pair.host, pair.other).second);
    }
    EXPECT_EQ(pairs.size(), local_sizes.size() * (local_sizes.size() - 1) / 2);
  }
}

TEST(MeasureLinks, WithinAHostOnlyWhereOneHasTwoRanks) {
  run_rank_threads({1, 1}, [](RankContext& rank) {
    EXPECT_EQ(measure(rank).profile.within_host, LinkProfile{}.within_host);
  });
  run_rank_threads({1, 2}, [](RankContext& rank) {
    const LinkCosts costs = measure(rank).profile.within_host;
    expect_plausible(costs);
    EXPECT_NE(costs, LinkProfile{}.within_host);
  });
}

TEST(WithoutLosses, KeepsTheDefaultOfWhatMeasuredSlower) {
  const auto comparison = [](Operation operation, std::size_t num_bytes, double ratio) {
    return Comparison{operation, num_bytes, "ring", "doubling", 1e-3, ratio * 1e-3};
  };
  const LinkProfile kept =
      without_losses({}, {comparison(Operation::kAllreduce, 1024, 0.8), comparison(Operation::kAllreduce, 4096, 1.05),
                          comparison(Operation::kBroadcast, 1024, 0.5), comparison(Operation::kBroadcast, 4096, 1.2),
                          comparison(Operation::kAllgather, 1024, 0.99), comparison(Operation::kAllgather, 4096, 1.05)});
  EXPECT_FALSE(kept.keeps_default_of(Operation::kAllreduce)) << "it gains on the whole";
  EXPECT_TRUE(kept.keeps_default_of(Operation::kBroadcast)) << "a clear loss at one size";
  EXPECT_TRUE(kept.keeps_default_of(Operation::kAllgather)) << "it loses on the whole";
  EXPECT_FALSE(kept.keeps_default_of(Operation::kReduceScatter)) << "nothing changes";
}

}  // namespace
}  // namespace skein
