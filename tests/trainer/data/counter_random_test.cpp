#include "trainer/data/counter_random.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace skein {
namespace {

std::vector<uint32_t> words(CounterRandom random, int count) {
  std::vector<uint32_t> result;
  for (int i = 0; i < count; ++i) result.push_back(random.next_word());
  return result;
}

// The known answers published with Random123.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRandom, StreamsDifferInEachOfTheirNumbers) {
  const auto stream = [](uint64_t seed, uint64_t epoch, uint64_t index, RandomPurpose purpose) {
    return words(CounterRandom(seed, epoch, index, purpose), 8);
  };
  const std::set<std::vector<uint32_t>> streams{stream(1, 1, 1, RandomPurpose::kShuffle),
                                                stream(2, 1, 1, RandomPurpose::kShuffle),
                                                stream(1, 2, 1, RandomPurpose::kShuffle),
                                                stream(1, 1, 2, RandomPurpose::kShuffle),
                                                stream(1, 1, 1, RandomPurpose::kPlacement),
                                                stream(1 + (uint64_t{1} << 32), 1, 1, RandomPurpose::kShuffle),
                                                stream(1, 1, 1 + (uint64_t{1} << 32), RandomPurpose::kShuffle)};
  EXPECT_EQ(streams.size(), 7u);
  EXPECT_EQ(stream(1, 1, 1, RandomPurpose::kShuffle), stream(1, 1, 1, RandomPurpose::kShuffle));
}

TEST(CounterRandom, UniformFillsItsRange) {
  CounterRandom random(5, 0, 0, RandomPurpose::kShuffle);
  double low = 1, high = 0, sum = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.uniform();
    low = std::min(low, value), high = std::max(high, value), sum += value;
  }
  EXPECT_GE(low, 0.0);
  EXPECT_LT(low, 0.001);
  EXPECT_LT(high, 1.0);
  EXPECT_GT(high, 0.999);
  EXPECT_NEAR(sum / kCount, 0.5, 0.01);
}

TEST(CounterRandom, BelowIsUnbiasedAndBounded) {
  CounterRandom random(6, 0, 0, RandomPurpose::kShuffle);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts.at(random.below(7));
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(random.below(1), 0u);
  int num_low = 0;  // a plain remainder would put half of all numbers into the lowest third
  for (int i = 0; i < 3000; ++i) num_low += random.below(uint64_t{3} << 62) < (uint64_t{1} << 62);
  EXPECT_NEAR(num_low, 1000, 100);
}

}  // namespace
}  // namespace skein
