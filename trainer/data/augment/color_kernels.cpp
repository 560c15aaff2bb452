#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "trainer/data/augment/color_kernels.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set
#include <hwy/highway.h>

#include "trainer/data/augment/color_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace skein {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

const hn::ScalableTag<float> kFloats;
const hn::Rebind<int32_t, decltype(kFloats)> kInts;
const hn::Rebind<uint8_t, decltype(kFloats)> kBytes;
using Floats = hn::Vec<decltype(kFloats)>;
using Ints = hn::Vec<decltype(kInts)>;
using Bytes = hn::Vec<decltype(kBytes)>;

HWY_INLINE Floats to_floats(Bytes bytes) {
  return hn::ConvertTo(kFloats, hn::PromoteTo(kInts, bytes));
}

HWY_INLINE Bytes blended(Floats from, Floats to, Floats alpha) {
  const Floats sum = hn::Add(from, hn::Mul(alpha, hn::Sub(to, from)));
  return hn::DemoteTo(kBytes, hn::ConvertTo(kInts, sum));
}

inline uint8_t blended(uint8_t from, uint8_t to, float alpha) {
  const float product = alpha * static_cast<float>(static_cast<int>(to) - static_cast<int>(from));
  const float sum = static_cast<float>(from) + product;
  return static_cast<uint8_t>(sum <= 0.0f ? 0.0f : HWY_MIN(sum, 255.0f));
}

void blend_images(const uint8_t* from, const uint8_t* to, size_t num_bytes, float alpha, uint8_t* output) {
  const size_t lanes = hn::Lanes(kFloats);
  const Floats share = hn::Set(kFloats, alpha);
  size_t i = 0;
  for (; i + lanes <= num_bytes; i += lanes) {
    const Floats first = to_floats(hn::LoadU(kBytes, from + i));
    hn::StoreU(blended(first, to_floats(hn::LoadU(kBytes, to + i)), share), kBytes, output + i);
  }
  for (; i < num_bytes; ++i) output[i] = blended(from[i], to[i], alpha);
}

void blend_value(uint8_t from, uint8_t* bytes, size_t num_bytes, float alpha) {
  const size_t lanes = hn::Lanes(kFloats);
  const Floats first = hn::Set(kFloats, static_cast<float>(from));
  const Floats share = hn::Set(kFloats, alpha);
  size_t i = 0;
  for (; i + lanes <= num_bytes; i += lanes)
    hn::StoreU(blended(first, to_floats(hn::LoadU(kBytes, bytes + i)), share), kBytes, bytes + i);
  for (; i < num_bytes; ++i) bytes[i] = blended(from, bytes[i], alpha);
}

HWY_INLINE Ints luma(Bytes red, Bytes green, Bytes blue) {
  const Ints weighted_red = hn::Mul(hn::PromoteTo(kInts, red), hn::Set(kInts, 19595));
  const Ints weighted_green = hn::Mul(hn::PromoteTo(kInts, green), hn::Set(kInts, 38470));
  const Ints weighted_blue = hn::Mul(hn::PromoteTo(kInts, blue), hn::Set(kInts, 7471));
  const Ints sum = hn::Add(hn::Add(weighted_red, weighted_green), hn::Add(weighted_blue, hn::Set(kInts, 0x8000)));
  return hn::ShiftRight<16>(sum);
}

void blend_luma(uint8_t* pixels, size_t num_pixels, float alpha) {
  const size_t lanes = hn::Lanes(kFloats);
  const Floats share = hn::Set(kFloats, alpha);
  for (size_t i = 0; i < num_pixels; i += lanes, pixels += 3 * lanes) {
    Bytes red, green, blue;
    hn::LoadInterleaved3(kBytes, pixels, red, green, blue);
    const Floats grey = hn::ConvertTo(kFloats, luma(red, green, blue));
    hn::StoreInterleaved3(blended(grey, to_floats(red), share), blended(grey, to_floats(green), share),
                          blended(grey, to_floats(blue), share), kBytes, pixels);
  }
}

void replace_with_luma(uint8_t* pixels, size_t num_pixels) {
  const size_t lanes = hn::Lanes(kFloats);
  for (size_t i = 0; i < num_pixels; i += lanes, pixels += 3 * lanes) {
    Bytes red, green, blue;
    hn::LoadInterleaved3(kBytes, pixels, red, green, blue);
    const Bytes grey = hn::DemoteTo(kBytes, luma(red, green, blue));
    hn::StoreInterleaved3(grey, grey, grey, kBytes, pixels);
  }
}

uint64_t luma_sum(const uint8_t* pixels, size_t num_pixels) {
  constexpr size_t kMostSteps = 1 << 20;  // a lane of 32 bits holds 2^23 values of 8 bits
  const size_t lanes = hn::Lanes(kFloats);
  uint64_t total = 0;
  size_t i = 0;
  while (i + lanes <= num_pixels) {
    Ints sums = hn::Zero(kInts);
    for (size_t step = 0; step < kMostSteps && i + lanes <= num_pixels; ++step, i += lanes) {
      Bytes red, green, blue;
      hn::LoadInterleaved3(kBytes, pixels + 3 * i, red, green, blue);
      sums = hn::Add(sums, luma(red, green, blue));
    }
    HWY_ALIGN int32_t by_lane[HWY_MAX_BYTES / sizeof(int32_t)];
    hn::Store(sums, kInts, by_lane);
    for (size_t lane = 0; lane < lanes; ++lane) total += static_cast<uint64_t>(by_lane[lane]);
  }
  for (; i < num_pixels; ++i) {
    const uint8_t* pixel = pixels + 3 * i;
    total += static_cast<uint64_t>((pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16);
  }
  return total;
}

void invert_high(int threshold, uint8_t* bytes, size_t num_bytes) {
  for (size_t i = 0; i < num_bytes; ++i)
    bytes[i] = bytes[i] >= threshold ? static_cast<uint8_t>(255 - bytes[i]) : bytes[i];
}

/// (sum of nine + 4 * centre + 6) / 13; never halfway between two numbers, since 13 is odd. For sums up to 3321 the quotient
/// is the upper half of a product with 5042.
void smooth(const uint8_t* above, const uint8_t* row, const uint8_t* below, size_t num_bytes, uint8_t* output) {
  const hn::ScalableTag<int16_t> wide;
  const hn::Rebind<uint8_t, decltype(wide)> narrow;
  const auto load = [&](const uint8_t* bytes) { return hn::PromoteTo(wide, hn::LoadU(narrow, bytes)); };
  const auto three = [&](const uint8_t* bytes) {
    return hn::Add(hn::Add(load(bytes - 3), load(bytes)), load(bytes + 3));
  };
  const size_t lanes = hn::Lanes(wide);
  size_t i = 0;
  for (; i + lanes <= num_bytes; i += lanes) {
    const auto nine = hn::Add(hn::Add(three(above + i), three(row + i)), three(below + i));
    const auto sum = hn::Add(hn::Add(nine, hn::ShiftLeft<2>(load(row + i))), hn::Set(wide, 6));
    hn::StoreU(hn::DemoteTo(narrow, hn::MulHigh(sum, hn::Set(wide, 5042))), narrow, output + i);
  }
  for (; i < num_bytes; ++i) {
    int sum = 4 * row[i] + 6;
    for (const uint8_t* line : {above, row, below})
      for (int neighbour = -3; neighbour <= 3; neighbour += 3) sum += line[static_cast<ptrdiff_t>(i) + neighbour];
    output[i] = static_cast<uint8_t>(sum / 13);
  }
}

void weigh(const uint8_t* HWY_RESTRICT bytes, size_t num_bytes, float weight, float* HWY_RESTRICT sums) {
  for (size_t i = 0; i < num_bytes; ++i) sums[i] = weight * static_cast<float>(bytes[i]);
}

void add_weighted(const uint8_t* HWY_RESTRICT bytes, size_t num_bytes, float weight, float* HWY_RESTRICT sums) {
  for (size_t i = 0; i < num_bytes; ++i) sums[i] += weight * static_cast<float>(bytes[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace skein
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {

HWY_EXPORT(blend_images);
HWY_EXPORT(blend_value);
HWY_EXPORT(blend_luma);
HWY_EXPORT(replace_with_luma);
HWY_EXPORT(luma_sum);
HWY_EXPORT(invert_high);
HWY_EXPORT(smooth);
HWY_EXPORT(weigh);
HWY_EXPORT(add_weighted);

void blend(const uint8_t* from, const uint8_t* to, size_t num_bytes, float alpha, uint8_t* output) {
  HWY_DYNAMIC_DISPATCH(blend_images)(from, to, num_bytes, alpha, output);
}
void blend_from_value(uint8_t from, uint8_t* bytes, size_t num_bytes, float alpha) {
  HWY_DYNAMIC_DISPATCH(blend_value)(from, bytes, num_bytes, alpha);
}
void blend_from_luma(uint8_t* pixels, size_t num_pixels, float alpha) {
  HWY_DYNAMIC_DISPATCH(blend_luma)(pixels, num_pixels, alpha);
}
void replace_by_luma(uint8_t* pixels, size_t num_pixels) {
  HWY_DYNAMIC_DISPATCH(replace_with_luma)(pixels, num_pixels);
}
uint64_t sum_of_luma(const uint8_t* pixels, size_t num_pixels) {
  return HWY_DYNAMIC_DISPATCH(luma_sum)(pixels, num_pixels);
}
void invert_from(int threshold, uint8_t* bytes, size_t num_bytes) {
  HWY_DYNAMIC_DISPATCH(invert_high)(threshold, bytes, num_bytes);
}
void smooth_row(const uint8_t* above, const uint8_t* row, const uint8_t* below, size_t num_bytes, uint8_t* output) {
  HWY_DYNAMIC_DISPATCH(smooth)(above, row, below, num_bytes, output);
}
void begin_mix(const uint8_t* bytes, size_t num_bytes, float weight, float* sums) {
  HWY_DYNAMIC_DISPATCH(weigh)(bytes, num_bytes, weight, sums);
}
void add_to_mix(const uint8_t* bytes, size_t num_bytes, float weight, float* sums) {
  HWY_DYNAMIC_DISPATCH(add_weighted)(bytes, num_bytes, weight, sums);
}

}  // namespace skein
#endif
