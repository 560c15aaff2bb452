// The sums of several rows are kept in an array, which vectors of unknown length do not allow.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "trainer/data/image/resample_kernels.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set
#include <hwy/highway.h>

#include "trainer/data/image/resample_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace skein {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kBits = ResampleWeights::kFractionBits;
constexpr int kLowBits = ResampleWeights::kLowBits;
constexpr int32_t kHalf = 1 << (kBits - 1);

/// A sum of products rounded to a byte.
HWY_INLINE uint8_t rounded(int32_t sum) {
  return static_cast<uint8_t>(HWY_MAX(0, HWY_MIN(sum >> kBits, 255)));
}

HWY_INLINE void vertical_bytes(const uint8_t* input, size_t stride, const ResampleWeights& weights, int row, size_t begin,
                               size_t end, uint8_t* output) {
  for (size_t i = begin; i < end; ++i) {
    int32_t sum = kHalf;
    for (int k = 0; k < weights.count[row]; ++k) sum += weights.weight(row, k) * input[k * stride + i];
    output[i] = rounded(sum);
  }
}

#if HWY_TARGET == HWY_SCALAR

void horizontal(const uint8_t* input, size_t input_stride, int num_rows, const ResampleWeights& weights, uint8_t* output,
                size_t output_stride) {
  for (int row = 0; row < num_rows; ++row, input += input_stride, output += output_stride) {
    for (int x = 0; x < weights.num_outputs(); ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const uint8_t* in = input + static_cast<size_t>(weights.first[x]) * 3 + channel;
        int32_t sum = kHalf;
        for (int k = 0; k < weights.count[x]; ++k) sum += in[k * 3] * weights.weight(x, k);
        output[x * 3 + channel] = rounded(sum);
      }
    }
  }
}

void vertical(const uint8_t* HWY_RESTRICT input, size_t stride, const ResampleWeights& weights, int row, size_t num_bytes,
              uint8_t* HWY_RESTRICT output) {
  vertical_bytes(input, stride, weights, row, 0, num_bytes, output);
}

#else

#if HWY_ARCH_X86

/// Of each two neighbours the sum of their products.
template <class Wide, class Narrow>
HWY_INLINE hn::Vec<Wide> pair_products(Wide wide, Narrow a, Narrow b) {
  auto unused = hn::Zero(wide);
  return hn::ReorderWidenMulAccumulate(wide, a, b, hn::Zero(wide), unused);  // pmaddwd: neighbours, nothing else
}

#else

template <class Wide, class Narrow>
HWY_INLINE hn::Vec<Wide> pair_products(Wide wide, Narrow a, Narrow b) {
  const auto a_pair = hn::BitCast(wide, a), b_pair = hn::BitCast(wide, b);
  const auto first = [](auto pair) { return hn::ShiftRight<16>(hn::ShiftLeft<16>(pair)); };
  const auto second = [](auto pair) { return hn::ShiftRight<16>(pair); };
  return hn::Add(hn::Mul(first(a_pair), first(b_pair)), hn::Mul(second(a_pair), second(b_pair)));
}

#endif

/// Sums of products with the upper and the lower halves of the weights.
template <class Wide>
struct Sums {
  hn::Vec<Wide> high, low;

  HWY_INLINE void clear() {
    high = hn::Zero(Wide());
    low = hn::Set(Wide(), kHalf);
  }
  template <class Narrow>
  HWY_INLINE void add(Narrow pixels, Narrow high_weights, Narrow low_weights) {
    high = hn::Add(high, pair_products(Wide(), pixels, high_weights));
    low = hn::Add(low, pair_products(Wide(), pixels, low_weights));
  }
  HWY_INLINE hn::Vec<Wide> total() const { return hn::ShiftRight<kBits>(hn::Add(hn::ShiftLeft<kLowBits>(high), low)); }
};

// One block of 128 bits a row: two where vectors are wide enough.
using Block = hn::FixedTag<uint8_t, 16>;

#if HWY_ARCH_X86 && HWY_TARGET != HWY_SSSE3 && HWY_TARGET != HWY_SSE4

constexpr size_t kRowsInVector = 2;
HWY_INLINE hn::Vec<hn::FixedTag<uint8_t, 32>> load_rows(const uint8_t* in, size_t stride) {
  return hn::Combine(hn::FixedTag<uint8_t, 32>(), hn::LoadU(Block(), in + stride), hn::LoadU(Block(), in));
}

#else

constexpr size_t kRowsInVector = 1;
HWY_INLINE hn::Vec<Block> load_rows(const uint8_t* in, size_t stride) {
  return hn::LoadU(Block(), in);
}

#endif

using Bytes = hn::FixedTag<uint8_t, 16 * kRowsInVector>;
using Pairs = hn::FixedTag<int16_t, 8 * kRowsInVector>;
using Pixels = hn::FixedTag<int32_t, 4 * kRowsInVector>;

// Of four neighbouring pixels (12 bytes) 16-bit pairs: R R G G B B - - of the first two, then of the others.
constexpr uint8_t kNone = 0x80;  // becomes 0
alignas(16) constexpr uint8_t kFirstTwo[16] = {0, kNone, 3, kNone, 1, kNone, 4, kNone, 2, kNone, 5, kNone, kNone, kNone, kNone, kNone};
alignas(16) constexpr uint8_t kLastTwo[16] = {6, kNone, 9, kNone, 7, kNone, 10, kNone, 8, kNone, 11, kNone, kNone, kNone, kNone, kNone};

constexpr size_t kRowsAtOnce = 2 * kRowsInVector;  // that share each weight

/// One output pixel of all rows, as packed bytes. Within blocks of 128 bits: the first row of the first vector, the first of the second, the
/// second of the first, the second of the second. `kNumPairs`: 0 where it is not known beforehand.
template <int kNumPairs>
HWY_INLINE hn::Vec<hn::Rebind<uint8_t, Pairs>> horizontal_pixel(const uint8_t* HWY_RESTRICT in, size_t stride, const int32_t* high,
                                                                const int32_t* low, int num_pairs) {
  const auto first_two = hn::LoadDup128(Bytes(), kFirstTwo), last_two = hn::LoadDup128(Bytes(), kLastTwo);
  const auto pair = [](const int32_t* both) { return hn::BitCast(Pairs(), hn::Set(Pixels(), *both)); };
  Sums<Pixels> a, b;
  a.clear();
  b.clear();
  for (int k = 0; k < (kNumPairs > 0 ? kNumPairs : num_pairs); k += 2, in += 12) {
    const auto high0 = pair(high + k), high1 = pair(high + k + 1), low0 = pair(low + k), low1 = pair(low + k + 1);
    const auto a_pixels = load_rows(in, stride), b_pixels = load_rows(in + kRowsInVector * stride, stride);
    a.add(hn::BitCast(Pairs(), hn::TableLookupBytesOr0(a_pixels, first_two)), high0, low0);
    b.add(hn::BitCast(Pairs(), hn::TableLookupBytesOr0(b_pixels, first_two)), high0, low0);
    a.add(hn::BitCast(Pairs(), hn::TableLookupBytesOr0(a_pixels, last_two)), high1, low1);
    b.add(hn::BitCast(Pairs(), hn::TableLookupBytesOr0(b_pixels, last_two)), high1, low1);
  }
  return hn::DemoteTo(hn::Rebind<uint8_t, Pairs>(), hn::ReorderDemote2To(Pairs(), a.total(), b.total()));
}

/// Writes kNumBytes bytes of each row.
template <size_t kNumBytes, class Packed>
HWY_INLINE void store_rows(Packed packed, uint8_t* out, size_t stride) {
  const hn::Repartition<uint32_t, hn::DFromV<Packed>> words;
  alignas(16) uint32_t pixels[kRowsAtOnce];
  hn::Store(hn::BitCast(words, packed), words, pixels);
  for (size_t i = 0; i < kRowsAtOnce; ++i) hwy::CopyBytes<kNumBytes>(&pixels[i], out + (i % 2 * kRowsInVector + i / 2) * stride);
}

template <int kNumPairs>
void horizontal_rows(const uint8_t* HWY_RESTRICT input, size_t input_stride, const ResampleWeights& weights,
                     uint8_t* HWY_RESTRICT output, size_t output_stride) {
  const int last = weights.num_outputs() - 1, num_pairs = weights.num_pairs;
  const int* first = weights.first.data();
  const int32_t* high = weights.high.data();
  const int32_t* low = weights.low.data();
  for (int x = 0; x < last; ++x, output += 3, high += num_pairs, low += num_pairs)
    store_rows<4>(horizontal_pixel<kNumPairs>(input + static_cast<size_t>(first[x]) * 3, input_stride, high, low, num_pairs), output, output_stride);
  // Without the fourth byte, which may belong to the next row.
  store_rows<3>(horizontal_pixel<kNumPairs>(input + static_cast<size_t>(first[last]) * 3, input_stride, high, low, num_pairs), output, output_stride);
}

void horizontal(const uint8_t* input, size_t input_stride, int num_rows, const ResampleWeights& weights,
                uint8_t* output, size_t output_stride) {
  const size_t rows = static_cast<size_t>(num_rows);
  const auto horizontal_rows = weights.num_pairs == 2 ? HWY_NAMESPACE::horizontal_rows<2> : HWY_NAMESPACE::horizontal_rows<0>;
  size_t row = 0;
  for (; row + kRowsAtOnce <= rows; row += kRowsAtOnce)
    horizontal_rows(input + row * input_stride, input_stride, weights, output + row * output_stride, output_stride);
  for (; row < rows; ++row)  // alone: the same in all places
    horizontal_rows(input + row * input_stride, 0, weights, output + row * output_stride, 0);
}

void vertical(const uint8_t* HWY_RESTRICT input, size_t stride, const ResampleWeights& weights, int row, size_t num_bytes,
              uint8_t* HWY_RESTRICT output) {
  const hn::ScalableTag<int32_t> wide;
  const hn::Repartition<int16_t, decltype(wide)> pairs;
  const hn::Rebind<uint8_t, decltype(pairs)> bytes;
  const int num_taps = weights.count[row];
  const int32_t* high = weights.high.data() + static_cast<size_t>(row) * weights.num_pairs;
  const int32_t* low = weights.low.data() + static_cast<size_t>(row) * weights.num_pairs;
  const size_t lanes = hn::Lanes(bytes);
  size_t i = 0;
  for (; i + lanes <= num_bytes; i += lanes) {
    Sums<decltype(wide)> lower, upper;
    lower.clear();
    upper.clear();
    for (int k = 0; k < num_taps; k += 2) {
      const uint8_t* in = input + k * stride + i;
      const auto a = hn::PromoteTo(pairs, hn::LoadU(bytes, in));
      const auto b = hn::PromoteTo(pairs, hn::LoadU(bytes, k + 1 < num_taps ? in + stride : in));
      const auto high_weights = hn::BitCast(pairs, hn::Set(wide, high[k / 2]));
      const auto low_weights = hn::BitCast(pairs, hn::Set(wide, low[k / 2]));
      lower.add(hn::InterleaveLower(pairs, a, b), high_weights, low_weights);
      upper.add(hn::InterleaveUpper(pairs, a, b), high_weights, low_weights);
    }
    // Within blocks of 128 bits, which is how they were interleaved.
    hn::StoreU(hn::DemoteTo(bytes, hn::ReorderDemote2To(pairs, lower.total(), upper.total())), bytes, output + i);
  }
  vertical_bytes(input, stride, weights, row, i, num_bytes, output);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace skein
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {

HWY_EXPORT(horizontal);
HWY_EXPORT(vertical);

void resample_horizontal(const uint8_t* input, size_t input_stride, int num_rows, const ResampleWeights& weights,
                         uint8_t* output, size_t output_stride) {
  HWY_DYNAMIC_DISPATCH(horizontal)(input, input_stride, num_rows, weights, output, output_stride);
}

void resample_vertical(const uint8_t* input, size_t stride, const ResampleWeights& weights, int row, size_t num_bytes,
                       uint8_t* output) {
  HWY_DYNAMIC_DISPATCH(vertical)(input, stride, weights, row, num_bytes, output);
}

}  // namespace skein
#endif
