#include "trainer/data/counter_random.h"

namespace skein {

namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53;
constexpr uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kKeyStep0 = 0x9E3779B9;  // golden ratio
constexpr uint32_t kKeyStep1 = 0xBB67AE85;  // sqrt(3) - 1
constexpr int kNumRounds = 10;

PhiloxCounter philox_round(const PhiloxCounter& counter, const PhiloxKey& key) {
  const uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
  const uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
  return {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
          static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
}

}  // namespace

PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < kNumRounds; ++round) {
    counter = philox_round(counter, key);
    key[0] += kKeyStep0;
    key[1] += kKeyStep1;
  }
  return counter;
}

CounterRandom::CounterRandom(uint64_t seed, uint64_t epoch, uint64_t index, RandomPurpose purpose)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      counter_{0, static_cast<uint32_t>(epoch), static_cast<uint32_t>(index),
               (static_cast<uint32_t>(purpose) << 24) | (static_cast<uint32_t>(index >> 32) & 0xFFFFFFu)} {}

uint32_t CounterRandom::next_word() {
  if (num_left_ == 0) {
    block_ = philox4x32(counter_, key_);
    ++counter_[0];
    num_left_ = 4;
  }
  return block_[4 - num_left_--];
}

uint64_t CounterRandom::next_double_word() {
  const uint64_t high = next_word();
  return (high << 32) | next_word();
}

double CounterRandom::uniform() {
  return static_cast<double>(next_double_word() >> 11) * 0x1.0p-53;
}

double CounterRandom::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

uint64_t CounterRandom::below(uint64_t bound) {
  // Rejects the first 2^64 mod bound values, so that every remainder is equally likely.
  const uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const uint64_t value = next_double_word();
    if (value >= threshold) return value % bound;
  }
}

}  // namespace skein
