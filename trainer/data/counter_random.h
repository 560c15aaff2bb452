#pragma once
// Random numbers that are a pure function of (seed, epoch, index, purpose): no state is shared between
// images, so what happens to an image does not depend on which worker or rank handles it, nor on what was
// handled before.
//
// The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3,
// SC11): a keyed bijection of a 128-bit counter. Here the key is the seed; the counter is
//   word 0: number of the block within the stream    word 1: epoch
//   word 2: low 32 bits of the index                 word 3: purpose (top 8 bits), bits 32..55 of the index
// so two streams that differ in any of the four never share a block.

#include <array>
#include <cstdint>

namespace skein {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

/// One block: four random words for a counter under a key.
PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key);

/// What a stream of numbers is used for; different purposes never share numbers.
enum class RandomPurpose : uint8_t {
  kShuffle = 1,
  kPlacement = 2,
  kMix = 3,
  kVerticalFlip = 16,
  kRotation = 17,
  kColorJitter = 18,
  kGrayscale = 19,
  kAutoAugment = 20,
  kRandomErasing = 21,
};

/// The stream of one (seed, epoch, index, purpose). Cheap to make and copy; not for use by two threads at
/// once.
class CounterRandom {
 public:
  /// `index` must be below 2^56, `epoch` is taken modulo 2^32. 2^34 words are available.
  CounterRandom(uint64_t seed, uint64_t epoch, uint64_t index, RandomPurpose purpose);

  uint32_t next_word();
  /// Uniform in [0, 1), 53 random bits.
  double uniform();
  /// Uniform in [low, high); `low` when both are equal.
  double uniform(double low, double high);
  /// Uniform in {0, ..., bound - 1}, without bias; bound must not be 0.
  uint64_t below(uint64_t bound);

 private:
  uint64_t next_double_word();

  PhiloxKey key_;
  PhiloxCounter counter_;
  PhiloxCounter block_{};
  int num_left_ = 0;
};

}  // namespace skein
