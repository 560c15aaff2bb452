// Which algorithm runs between hosts.

#include "collectives/choose.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "collectives/workload.h"

namespace skein {
namespace {

Topology hosts(int num_hosts, int local_size = 1) {
  return Topology::of(std::vector<int>(num_hosts, local_size));
}

LinkProfile profile_of(double alpha, double beta) {
  LinkProfile profile;
  profile.between_hosts = {alpha, beta, alpha / 10};
  return profile;
}

TEST(DefaultAlgorithms, TakeTheRingForLargeMessages) {
  const auto choice = [](std::size_t num_bytes, int num_hosts) {
    return default_algorithms(hosts(num_hosts)).choose(Operation::kAllreduce, num_bytes);
  };
  EXPECT_EQ(choice(0, 2), Algorithm::kRecursiveDoubling);
  EXPECT_EQ(choice(400, 8), Algorithm::kRecursiveDoubling);
  EXPECT_EQ(choice(32 * 1024 - 1, 2), Algorithm::kRecursiveDoubling);
  EXPECT_EQ(choice(32 * 1024, 2), Algorithm::kRing);
  EXPECT_EQ(choice(65536, 8), Algorithm::kHalvingDoubling);
  EXPECT_EQ(choice(8 * 32 * 1024 - 1, 8), Algorithm::kHalvingDoubling);
  EXPECT_EQ(choice(8 * 32 * 1024, 8), Algorithm::kRing);
}

TEST(DefaultAlgorithms, TakeTheFewestLatenciesForShortMessages) {
  const AlgorithmTable table = default_algorithms(hosts(4));
  EXPECT_EQ(table.choose(Operation::kBroadcast, 1000), Algorithm::kBinomialTree);
  EXPECT_EQ(table.choose(Operation::kBroadcast, 1 << 20), Algorithm::kChain);
  EXPECT_EQ(table.choose(Operation::kAllgather, 1000), Algorithm::kDoubling);
  EXPECT_EQ(table.choose(Operation::kAllgather, 1 << 20), Algorithm::kRing);
  EXPECT_EQ(table.choose(Operation::kReduceScatter, 1000), Algorithm::kHalving);
  EXPECT_EQ(table.choose(Operation::kReduceScatter, 1 << 20), Algorithm::kRing);
}

TEST(ChooseAlgorithms, WithoutProfileOrOnOneHostTheDefaultStays) {
  EXPECT_EQ(choose_algorithms(hosts(4), std::nullopt), default_algorithms(hosts(4)));
  EXPECT_EQ(choose_algorithms(hosts(1, 4), profile_of(1e-3, 1e-9)), default_algorithms(hosts(1, 4)));
}

TEST(ChooseAlgorithms, LongWaysMoveCrossoversUpAndSlowLinksMoveThemDown) {
  // Where the way of fewest latencies ends.
  const auto end = [](const AlgorithmTable& table, Operation operation) {
    return table.entries(operation).at(1).from_bytes;
  };
  const auto far = choose_algorithms(hosts(8), profile_of(2e-3, 1e-9));
  for (const Operation operation : {Operation::kAllreduce, Operation::kBroadcast, Operation::kAllgather})
    EXPECT_GT(end(far, operation), 4 * end(default_algorithms(hosts(8)), operation)) << operation_name(operation);
  EXPECT_EQ(choose_algorithms(hosts(8), profile_of(20e-6, 200e-9)).choose(Operation::kAllreduce, 2048),
            Algorithm::kHalvingDoubling);
  const auto slow = choose_algorithms(hosts(4, 8), profile_of(20e-6, 200e-9));
  EXPECT_EQ(slow.choose(Operation::kBroadcast, 2048), Algorithm::kBinomialTree) << "both pass each link once";
  EXPECT_EQ(slow.choose(Operation::kReduceScatter, 2048), Algorithm::kHalving) << "it sends no more than a ring";
}

TEST(ChooseAlgorithms, IsNeverSlowerThanTheDefaultByTheModel) {
  for (const Topology& topology : {hosts(2), hosts(3), hosts(4, 2), Topology::of({3, 1}), hosts(8)})
    for (const LinkProfile& profile : {profile_of(5e-6, 0.1e-9), profile_of(50e-6, 8e-9), profile_of(1e-3, 2e-9)}) {
      const AlgorithmTable usual = default_algorithms(topology);
      const AlgorithmTable chosen = choose_algorithms(topology, profile);
      for (const Operation operation : kOperationsWithChoice)
        for (std::size_t num_bytes = 1024; num_bytes <= 4 << 20; num_bytes *= 4) {
          const std::size_t asked = chosen_bytes(operation, num_bytes, topology);
          const auto seconds = [&](const AlgorithmTable& table) {
            return predict_seconds(data_workload({operation, num_bytes, topology}, table.choose(operation, asked)),
                                   hosts_of(topology), profile);
          };
          EXPECT_LE(seconds(chosen), seconds(usual)) << operation_name(operation) << " " << num_bytes;
        }
    }
}

TEST(ChooseAlgorithms, AnOperationMayKeepItsDefault) {
  LinkProfile profile = profile_of(2e-3, 1e-9);
  const AlgorithmTable usual = default_algorithms(hosts(8));
  EXPECT_NE(choose_algorithms(hosts(8), profile).entries(Operation::kBroadcast), usual.entries(Operation::kBroadcast));
  profile.keep_default_of(Operation::kBroadcast);
  const AlgorithmTable table = choose_algorithms(hosts(8), profile);
  EXPECT_EQ(table.entries(Operation::kBroadcast), usual.entries(Operation::kBroadcast));
  EXPECT_NE(table.entries(Operation::kAllgather), usual.entries(Operation::kAllgather));
}

TEST(ChooseAlgorithms, IsTheSameEachTime) {
  const LinkProfile profile = profile_of(50e-6, 1e-9);
  EXPECT_EQ(choose_algorithms(hosts(5, 2), profile), choose_algorithms(hosts(5, 2), profile));
}

TEST(ChooseAlgorithms, LargeWorldsAreModelledByASmallerOne) {
  const auto begin = std::chrono::steady_clock::now();
  const AlgorithmTable table = choose_algorithms(hosts(128, 32), profile_of(1e-3, 1e-9));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)) << "4096 ranks step by step take minutes";
  EXPECT_EQ(table.choose(Operation::kAllgather, 1 << 20), Algorithm::kDoubling);
}

TEST(AlgorithmTable, EveryAlgorithmOfAnOperationHasASchedule) {
  const Topology topology = hosts(3);
  for (const Operation operation : kOperationsWithChoice)
    for (const Algorithm algorithm : algorithms_of(operation, 3))
      EXPECT_GT(predict_seconds(data_workload({operation, 9000, topology}, algorithm), hosts_of(topology), {}), 0);
  EXPECT_THROW(allgather_schedule(Algorithm::kChain, 0, split_evenly(9, 3)), std::logic_error);
}

}  // namespace
}  // namespace skein
