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
constexpr int32_t kHalf = 1 << (kBits - 1);

constexpr int kRowsAtOnce = 4;  // rows that share each weight

#if HWY_TARGET == HWY_SCALAR

template <int kNumRows>
void horizontal_rows(const uint8_t* input, size_t input_stride, const ResampleWeights& weights, uint8_t* output,
                     size_t output_stride) {
  for (int row = 0; row < kNumRows; ++row, input += input_stride, output += output_stride) {
    for (size_t x = 0; x < weights.first.size(); ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const uint8_t* in = input + static_cast<size_t>(weights.first[x]) * 3 + channel;
        int32_t sum = kHalf;
        for (int k = 0; k < weights.count[x]; ++k) sum += in[k * 3] * weights.weights[x * weights.taps + k];
        output[x * 3 + channel] = static_cast<uint8_t>(HWY_MIN(sum >> kBits, 255));
      }
    }
  }
}

#else

// One pixel (R, G, B and the byte after it) in four 32-bit lanes.
using Pixel = hn::FixedTag<int32_t, 4>;
using PixelBytes = hn::FixedTag<uint8_t, 4>;
using PixelSum = hn::Vec<Pixel>;

HWY_INLINE void add_weighted(PixelSum& sum, const uint8_t* in, PixelSum weight) {
  sum = hn::Add(sum, hn::Mul(hn::PromoteTo(Pixel(), hn::LoadU(PixelBytes(), in)), weight));
}

HWY_INLINE void store_pixel(PixelSum sum, uint8_t* out) {
  hn::StoreU(hn::DemoteTo(PixelBytes(), hn::ShiftRight<kBits>(sum)), PixelBytes(), out);
}

/// Without the fourth byte, which may belong to the next row.
HWY_INLINE void store_last_pixel(PixelSum sum, uint8_t* out) {
  uint8_t bytes[4];
  store_pixel(sum, bytes);
  for (int channel = 0; channel < 3; ++channel) out[channel] = bytes[channel];
}

template <int kNumRows>
void horizontal_rows(const uint8_t* HWY_RESTRICT input, size_t input_stride, const ResampleWeights& weights,
                     uint8_t* HWY_RESTRICT output, size_t output_stride) {
  const size_t num_pixels = weights.first.size();
  for (size_t x = 0; x < num_pixels; ++x, output += 3) {
    const uint8_t* in = input + static_cast<size_t>(weights.first[x]) * 3;
    const int32_t* w = weights.weights.data() + x * weights.taps;
    PixelSum sums[kNumRows];
    for (PixelSum& sum : sums) sum = hn::Set(Pixel(), kHalf);
    for (int k = 0; k < weights.count[x]; ++k, in += 3) {
      const PixelSum weight = hn::Set(Pixel(), w[k]);
      for (int row = 0; row < kNumRows; ++row) add_weighted(sums[row], in + row * input_stride, weight);
    }
    for (int row = 0; row < kNumRows; ++row) {
      uint8_t* out = output + row * output_stride;
      x + 1 < num_pixels ? store_pixel(sums[row], out) : store_last_pixel(sums[row], out);
    }
  }
}

#endif

void horizontal(const uint8_t* input, size_t input_stride, int num_rows, const ResampleWeights& weights,
                uint8_t* output, size_t output_stride) {
  int row = 0;
  for (; row + kRowsAtOnce <= num_rows; row += kRowsAtOnce)
    horizontal_rows<kRowsAtOnce>(input + row * input_stride, input_stride, weights, output + row * output_stride,
                                 output_stride);
  for (; row < num_rows; ++row)
    horizontal_rows<1>(input + row * input_stride, input_stride, weights, output + row * output_stride, output_stride);
}

void vertical(const uint8_t* HWY_RESTRICT input, size_t stride, int num_taps, const int32_t* HWY_RESTRICT weights,
              size_t num_bytes, uint8_t* HWY_RESTRICT output) {
  const hn::ScalableTag<int32_t> wide;
  const hn::Rebind<uint8_t, decltype(wide)> narrow;
  const size_t lanes = hn::Lanes(wide);
  size_t i = 0;
  for (; i + 2 * lanes <= num_bytes; i += 2 * lanes) {
    auto sum0 = hn::Set(wide, kHalf), sum1 = sum0;
    for (int k = 0; k < num_taps; ++k) {
      const uint8_t* in = input + k * stride + i;
      const auto weight = hn::Set(wide, weights[k]);
      sum0 = hn::Add(sum0, hn::Mul(hn::PromoteTo(wide, hn::LoadU(narrow, in)), weight));
      sum1 = hn::Add(sum1, hn::Mul(hn::PromoteTo(wide, hn::LoadU(narrow, in + lanes)), weight));
    }
    hn::StoreU(hn::DemoteTo(narrow, hn::ShiftRight<kBits>(sum0)), narrow, output + i);
    hn::StoreU(hn::DemoteTo(narrow, hn::ShiftRight<kBits>(sum1)), narrow, output + i + lanes);
  }
  for (; i < num_bytes; ++i) {
    int32_t sum = kHalf;
    for (int k = 0; k < num_taps; ++k) sum += weights[k] * input[k * stride + i];
    output[i] = static_cast<uint8_t>(HWY_MIN(sum >> kBits, 255));
  }
}

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

void resample_vertical(const uint8_t* input, size_t stride, int num_taps, const int32_t* weights, size_t num_bytes,
                       uint8_t* output) {
  HWY_DYNAMIC_DISPATCH(vertical)(input, stride, num_taps, weights, num_bytes, output);
}

}  // namespace skein
#endif
