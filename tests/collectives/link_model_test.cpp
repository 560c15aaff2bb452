// The model of the links, against times that can be worked out by hand.

#include "collectives/link_model.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "collectives/algorithms.h"
#include "collectives/segment_flow.h"
#include "collectives/workload.h"

namespace skein {
namespace {

constexpr std::size_t kSegment = 60 * 1024;

LinkProfile simple_profile() {
  LinkProfile profile;
  profile.between_hosts = {100e-6, 10e-9, 0};
  profile.within_host = {1e-6, 1e-9, 0};
  profile.reduce_byte_seconds = 0;
  return profile;
}

/// Every rank on a host of its own runs one schedule of bytes.
template <class Planner>
double seconds_of(int num_ranks, const LinkProfile& profile, Planner planner) {
  Workload workload(num_ranks);
  for (int rank = 0; rank < num_ranks; ++rank) workload[rank] = {{planner(rank), 1}};
  std::vector<int> hosts(num_ranks);
  std::iota(hosts.begin(), hosts.end(), 0);
  return predict_seconds(workload, hosts, profile, kSegment);
}

TEST(LinkModel, AMessageTakesAlphaAndBetaTimesItsBytes) {
  const auto one_way = [](std::size_t num_bytes) {
    return seconds_of(2, simple_profile(), [&](int rank) { return chain_broadcast(rank, 2, 0, num_bytes); });
  };
  EXPECT_NEAR(one_way(0), 100e-6, 1e-12);
  EXPECT_NEAR(one_way(1000), 110e-6, 1e-12);
  EXPECT_NEAR(one_way(200'000), 100e-6 + 2e-3, 1e-9) << "segments follow each other without a gap";
  EXPECT_NEAR(one_way(1'000'000), 100e-6 + 10e-3 + 100e-6, 1e-9) << "the last of many is done when its sender knows";
}

TEST(LinkModel, OverheadIsPartOfAlphaAndTakesTheProcessorForEachMessage) {
  LinkProfile profile = simple_profile();
  profile.between_hosts.overhead = 10e-6;
  const auto gather = [&](int num_ranks) {
    std::vector<std::size_t> none(num_ranks, 0);
    const auto blocks = consecutive(none);
    return seconds_of(num_ranks, profile, [&](int rank) { return linear_gather(rank, 0, blocks, {}); });
  };
  EXPECT_NEAR(gather(2), 100e-6, 1e-12);
  EXPECT_NEAR(gather(4), 120e-6, 1e-12) << "root takes in two more";
}

TEST(LinkModel, WithoutBytesOnlyTheNumberOfRoundsCounts) {
  const auto profile = simple_profile();
  for (const int n : {2, 4, 8, 16}) {
    const int rounds = std::bit_width(static_cast<unsigned>(n - 1));
    EXPECT_NEAR(seconds_of(n, profile, [&](int rank) { return recursive_doubling_allreduce(rank, n, 1); }),
                rounds * 100e-6, 1e-6);
    EXPECT_NEAR(seconds_of(n, profile, [&](int rank) { return ring_allreduce(rank, split_evenly(n, n)); }),
                2 * (n - 1) * 100e-6, 1e-6);
    EXPECT_NEAR(seconds_of(n, profile, [&](int rank) { return binomial_broadcast(rank, n, 0, 1); }), rounds * 100e-6,
                1e-6);
  }
}

TEST(LinkModel, WithManyBytesTheRingTakesItsShareOfThem) {
  constexpr std::size_t kCount = 64 << 20;
  for (const int n : {2, 4, 8}) {
    const double bound = 2.0 * (n - 1) / n * kCount * 10e-9;
    const double ring =
        seconds_of(n, simple_profile(), [&](int rank) { return ring_allreduce(rank, split_evenly(kCount, n)); });
    EXPECT_GT(ring, bound);
    EXPECT_LT(ring, 1.02 * bound);
  }
}

TEST(LinkModel, AChainPassesSegmentsOnWhileOthersArrive) {
  constexpr std::size_t kCount = 16 << 20;
  const double chain = seconds_of(8, simple_profile(), [&](int rank) { return chain_broadcast(rank, 8, 0, kCount); });
  const double tree = seconds_of(8, simple_profile(), [&](int rank) { return binomial_broadcast(rank, 8, 0, kCount); });
  EXPECT_NEAR(chain, kCount * 10e-9 + 7 * 100e-6 + 6 * kSegment * 10e-9, 1e-3);
  EXPECT_GT(tree, 2.9 * kCount * 10e-9) << "root's link carries the buffer three times";
}

TEST(LinkModel, LongWaysLimitWhatIsUnderWay) {
  LinkProfile profile = simple_profile();
  profile.between_hosts.alpha = 20e-3;
  constexpr std::size_t kCount = 100 * kSegment;
  const double least = std::ceil(100.0 / kInFlight) * 2 * 20e-3;  // so many segments each there and back
  const double chain = seconds_of(2, profile, [&](int rank) { return chain_broadcast(rank, 2, 0, kCount); });
  EXPECT_GT(chain, 0.95 * least);
  EXPECT_LT(chain, 1.1 * least);
}

TEST(LinkModel, RanksOfAHostShareItsLink) {
  const auto ring = [](const std::vector<int>& local_sizes) {
    const Topology topology = Topology::of(local_sizes);
    return predict_seconds(data_workload({Operation::kAllreduce, 32 << 20, topology}, Algorithm::kRing),
                           hosts_of(topology), simple_profile());
  };
  EXPECT_NEAR(ring({2, 2}) / ring({1, 1}), 1, 0.02) << "two halves of the buffer over one link";
  EXPECT_NEAR(ring({3, 1}) / ring({1, 1}), 1, 0.05);
}

TEST(LinkModel, WhatComesFromSeveralHostsTakesTurns) {
  const auto blocks = split_evenly(4'000'000, 4);
  const double gather = seconds_of(
      4, simple_profile(), [&](int rank) { return linear_gather(rank, 0, blocks, {0, blocks[rank].count}); });
  EXPECT_NEAR(gather, 3e6 * 10e-9, 1e-3);
}

TEST(LinkModel, RanksOfAHostReachEachOtherWithoutTheLink) {
  const Topology one_host = Topology::of({2});
  const auto seconds =
      predict_seconds(data_workload({Operation::kBroadcast, 1'000'000, one_host}, Algorithm::kChain),
                      hosts_of(one_host), simple_profile());
  EXPECT_NEAR(seconds, 1e-3, 0.01e-3);
}

TEST(LinkModel, CombiningTakesTime) {
  LinkProfile profile = simple_profile();
  profile.reduce_byte_seconds = 20e-9;
  constexpr std::size_t kCount = 8 << 20;
  const auto doubling = [&](const LinkProfile& profile) {
    return seconds_of(2, profile, [&](int rank) { return recursive_doubling_allreduce(rank, 2, kCount); });
  };
  EXPECT_NEAR(doubling(simple_profile()), kCount * 10e-9, 1e-3);
  EXPECT_NEAR(doubling(profile), kCount * 20e-9, 2e-3) << "the processor is slower than the link";
}

TEST(LinkModel, SaysWhenRanksWaitForEachOther) {
  Workload workload(2);
  workload[0] = {{{{kNobody, {}, 1, {0, 1}, false}}, 1}};
  workload[1] = {{{{kNobody, {}, 0, {0, 1}, false}}, 1}};
  const std::vector<int> hosts{0, 1};
  EXPECT_THROW(predict_seconds(workload, hosts, simple_profile()), std::logic_error);
}

TEST(LinkModel, EveryOperationOfEveryTopologyComesToAnEnd) {
  for (const auto& local_sizes : std::vector<std::vector<int>>{{1, 1}, {2, 2}, {3, 1}, {1, 1, 1}, {2, 3, 1, 1}}) {
    const Topology topology = Topology::of(local_sizes);
    const AlgorithmTable table = default_algorithms(topology);
    for (int operation = 0; operation < kNumOperations; ++operation)
      for (const std::size_t num_bytes : {0u, 4u, 1000u, 100'000u, 5'000'000u})
        EXPECT_GT(predict_seconds(call_workload({static_cast<Operation>(operation), num_bytes, topology, 4, 1}, table),
                                  hosts_of(topology), LinkProfile{}),
                  0)
            << operation << " " << num_bytes;
  }
}

}  // namespace
}  // namespace skein
