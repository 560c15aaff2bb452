#include "trainer/data/distributed_sampler.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "data_test_support.h"
#include "runtime/process/error.h"

namespace skein {
namespace {

using testing::contains;
using testing::message_of;

SamplerOptions options(size_t num_samples, int world_size, size_t batch_size, TailMode tail,
                       SampleLayout layout = SampleLayout::kBlocks) {
  SamplerOptions result;
  result.num_samples = num_samples;
  result.world_size = world_size;
  result.batch_size = batch_size;
  result.tail = tail;
  result.layout = layout;
  result.seed = 42;
  return result;
}

std::vector<DistributedSampler> all_ranks(SamplerOptions options) {
  std::vector<DistributedSampler> samplers;
  for (options.rank = 0; options.rank < options.world_size; ++options.rank) samplers.emplace_back(options);
  return samplers;
}

/// Images of each step over all ranks, concatenated in rank order.
std::vector<std::vector<size_t>> global_batches(const SamplerOptions& options, uint64_t epoch) {
  std::vector<std::vector<size_t>> steps;
  for (const DistributedSampler& sampler : all_ranks(options)) {
    const std::vector<size_t> indices = sampler.indices(epoch);
    EXPECT_EQ(indices.size(), sampler.num_local_samples());
    steps.resize(sampler.num_steps());
    for (size_t i = 0; i < indices.size(); ++i) steps[i / options.batch_size].push_back(indices[i]);
  }
  return steps;
}

struct Case {
  size_t num_samples;
  int world_size;
  size_t batch_size;
  TailMode tail;
  SampleLayout layout;
};

std::vector<Case> cases() {
  std::vector<Case> result;
  for (size_t num_samples : {1, 2, 7, 8, 9, 31, 64, 65, 97})
    for (int world_size = 1; world_size <= 8; ++world_size)
      for (size_t batch_size : {1, 3, 4, 50})
        for (TailMode tail : {TailMode::kPad, TailMode::kDrop, TailMode::kExact})
          for (SampleLayout layout : {SampleLayout::kBlocks, SampleLayout::kStrided})
            if (tail != TailMode::kDrop || num_samples >= static_cast<size_t>(world_size))
              result.push_back({num_samples, world_size, batch_size, tail, layout});
  return result;
}

SamplerOptions options(const Case& c) {
  return options(c.num_samples, c.world_size, c.batch_size, c.tail, c.layout);
}

TEST(DistributedSampler, EveryImageAsOftenAsTheTailModeSays) {
  for (const Case& c : cases()) {
    std::map<size_t, size_t> times;
    for (const auto& step : global_batches(options(c), 3))
      for (size_t index : step) ++times[index];
    size_t total = 0;
    for (const auto& [index, count] : times) {
      EXPECT_LT(index, c.num_samples);
      EXPECT_LE(count, c.tail == TailMode::kPad ? 1u + c.world_size : 1u);
      total += count;
    }
    const size_t world_size = c.world_size, remainder = c.num_samples % world_size;
    const std::map<TailMode, size_t> wanted{{TailMode::kPad, c.num_samples + (world_size - remainder) % world_size},
                                            {TailMode::kDrop, c.num_samples - remainder},
                                            {TailMode::kExact, c.num_samples}};
    EXPECT_EQ(total, wanted.at(c.tail));
    EXPECT_EQ(times.size(), std::min(total, c.num_samples));
  }
}

TEST(DistributedSampler, AStepHoldsTheImagesOneRankWithTheGlobalBatchWouldTake) {
  for (const Case& c : cases()) {
    const std::vector<size_t> order = epoch_permutation(c.num_samples, 42, 3);
    auto steps = global_batches(options(c), 3);
    size_t position = 0;
    for (auto& step : steps) {
      std::vector<size_t> wanted;
      for (size_t i = 0; i < step.size(); ++i) wanted.push_back(order[position++ % c.num_samples]);
      if (c.layout == SampleLayout::kStrided) {
        std::sort(step.begin(), step.end());
        std::sort(wanted.begin(), wanted.end());
      }
      EXPECT_EQ(step, wanted);
      EXPECT_TRUE(&step == &steps.back() || step.size() == c.batch_size * c.world_size);
    }
  }
}

TEST(DistributedSampler, CountsByRankAreWhatTheRanksTake) {
  for (const Case& c : cases()) {
    const auto samplers = all_ranks(options(c));
    for (size_t step = 0; step < samplers[0].num_steps(); ++step) {
      const std::vector<size_t> counts = samplers[0].samples_by_rank(step);
      const size_t sum = std::accumulate(counts.begin(), counts.end(), size_t{0});
      EXPECT_EQ(sum, samplers[0].global_batch_samples(step));
      EXPECT_GT(sum, 0u);
      const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
      EXPECT_LE(*high - *low, c.tail == TailMode::kExact ? 1u : 0u);
      for (int rank = 0; rank < c.world_size; ++rank) {
        const size_t local = samplers[rank].indices(0).size(), done = std::min(local, step * c.batch_size);
        EXPECT_EQ(counts[rank], std::min(c.batch_size, local - done));
      }
    }
    EXPECT_EQ(samplers[0].global_batch_samples(samplers[0].num_steps()), 0u);
  }
}

TEST(DistributedSampler, TheOrderDoesNotDependOnTheNumberOfRanks) {
  const auto one = options(97, 1, 12, TailMode::kExact);
  for (int world_size : {2, 3, 4, 6}) {
    const auto several = options(97, world_size, 12 / world_size, TailMode::kExact);
    EXPECT_EQ(global_batches(one, 5), global_batches(several, 5));
  }
}

TEST(DistributedSampler, GoesOnFromAPositionWithAnyNumberOfRanks) {
  SamplerOptions options;
  options.num_samples = 103;
  options.seed = 4;
  options.tail = TailMode::kExact;
  const std::vector<size_t> order = epoch_permutation(103, 4, 7);
  for (const size_t first : {0u, 1u, 40u, 102u, 103u})
    for (const int world_size : {1, 2, 3}) {
      options.world_size = world_size;
      options.batch_size = 5;
      options.first_position = first;
      size_t num_images = 0;
      std::vector<std::vector<size_t>> by_rank;
      for (options.rank = 0; options.rank < world_size; ++options.rank) by_rank.push_back(DistributedSampler(options).indices(7));
      options.rank = 0;
      const DistributedSampler sampler(options);
      std::vector<size_t> taken(world_size, 0), images;
      for (size_t step = 0; step < sampler.num_steps(); ++step) {
        const std::vector<size_t> counts = sampler.samples_by_rank(step);
        num_images += sampler.global_batch_samples(step);
        for (int rank = 0; rank < world_size; ++rank)
          for (size_t i = 0; i < counts[rank]; ++i) images.push_back(by_rank[rank][taken[rank]++]);
      }
      EXPECT_EQ(num_images, 103 - first);
      EXPECT_EQ(images, std::vector<size_t>(order.begin() + static_cast<std::ptrdiff_t>(first), order.end()));
    }
  options.first_position = 104;
  EXPECT_THROW(DistributedSampler{options}, UsageError);
}

TEST(DistributedSampler, StridedWithoutShufflingIsTorchsOrder) {
  for (const std::string& line : testing::lines_of(testing::expected("sampler.txt"))) {
    const auto numbers = testing::numbers_of<size_t>(line);
    SamplerOptions wanted = options(numbers[0], static_cast<int>(numbers[1]), 2,
                                    numbers[3] ? TailMode::kDrop : TailMode::kPad, SampleLayout::kStrided);
    wanted.rank = static_cast<int>(numbers[2]);
    wanted.shuffle = false;
    EXPECT_EQ(DistributedSampler(wanted).indices(0), std::vector<size_t>(numbers.begin() + 4, numbers.end())) << line;
  }
}

TEST(EpochPermutation, IsAPermutationThatDependsOnSeedAndEpoch) {
  const auto order = epoch_permutation(1000, 1, 0);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i], i);
  EXPECT_NE(order, sorted);
  EXPECT_EQ(order, epoch_permutation(1000, 1, 0));
  EXPECT_NE(order, epoch_permutation(1000, 1, 1));
  EXPECT_NE(order, epoch_permutation(1000, 2, 0));
}

// A changed order would silently change every run: this one, from a separate implementation of the scheme,
// stays.
TEST(EpochPermutation, IsFrozen) {
  EXPECT_EQ(epoch_permutation(10, 7, 3), (std::vector<size_t>{3, 2, 5, 8, 6, 0, 9, 4, 7, 1}));
}

TEST(EpochPermutation, EveryPlaceIsEquallyLikely) {
  std::vector<std::vector<int>> counts(5, std::vector<int>(5));
  for (uint64_t epoch = 0; epoch < 5000; ++epoch) {
    const auto order = epoch_permutation(5, 9, epoch);
    for (size_t place = 0; place < 5; ++place) ++counts[place][order[place]];
  }
  for (const auto& row : counts)
    for (int count : row) EXPECT_NEAR(count, 1000, 150);
}

TEST(DistributedSampler, RefusesTheImpossible) {
  EXPECT_TRUE(
      contains(message_of<UsageError>([] { DistributedSampler(options(0, 1, 1, TailMode::kPad)); }), "no sample"));
  EXPECT_TRUE(contains(message_of<UsageError>([] { DistributedSampler(options(5, 1, 0, TailMode::kPad)); }), "batch"));
  EXPECT_TRUE(
      contains(message_of<UsageError>([] { DistributedSampler(options(5, 6, 1, TailMode::kDrop)); }), "6 ranks"));
  auto wrong_rank = options(5, 2, 1, TailMode::kPad);
  wrong_rank.rank = 2;
  EXPECT_TRUE(contains(message_of<UsageError>([&] { DistributedSampler{wrong_rank}; }), "rank 2 of 2"));
}

}  // namespace
}  // namespace skein
