#include "trainer/parallel/bucket_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace skein {
namespace {

std::vector<ParameterSize> random_sizes(std::size_t count, int num_kinds, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<ParameterSize> sizes;
  for (std::size_t i = 0; i < count; ++i)
    sizes.push_back({random() % 3000 + 1, static_cast<int>(random() % num_kinds)});
  return sizes;
}

std::size_t bytes_of(const std::vector<std::size_t>& bucket, const std::vector<ParameterSize>& sizes) {
  return std::accumulate(bucket.begin(), bucket.end(), std::size_t{0},
                         [&](std::size_t sum, std::size_t i) { return sum + sizes[i].num_bytes; });
}

TEST(PlanBuckets, KeepsTheOrderAndEveryParameterOnceInBucketsOfOneKind) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto sizes = random_sizes(seed, 1 + seed % 3, seed);
    const auto order = reverse_order(sizes.size());
    std::vector<std::vector<std::size_t>> per_kind(3);
    std::size_t total = 0;
    for (const auto& bucket : plan_buckets(sizes, order, {2000, 5000})) {
      ASSERT_FALSE(bucket.empty());
      total += bucket.size();
      for (const std::size_t i : bucket) {
        EXPECT_EQ(sizes[i].kind, sizes[bucket[0]].kind);
        per_kind[sizes[i].kind].push_back(i);
      }
    }
    EXPECT_EQ(total, sizes.size());
    for (const auto& parameters : per_kind) EXPECT_TRUE(std::is_sorted(parameters.rbegin(), parameters.rend()));
  }
}

TEST(PlanBuckets, ClosesABucketWhenItReachesItsLimit) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto sizes = random_sizes(40, 1, seed);
    const auto buckets = plan_buckets(sizes, reverse_order(40), {2000, 5000});
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      const std::size_t limit = b == 0 ? 2000 : 5000;
      const std::size_t num_bytes = bytes_of(buckets[b], sizes);
      if (b + 1 < buckets.size()) {
        EXPECT_GE(num_bytes, limit);
      }
      EXPECT_LT(num_bytes - sizes[buckets[b].back()].num_bytes, limit);
    }
  }
}

TEST(PlanBuckets, OfNothingIsNothing) {
  EXPECT_TRUE(plan_buckets({}, {}, {}).empty());
}

}  // namespace
}  // namespace skein
