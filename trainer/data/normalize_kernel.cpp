#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "trainer/data/normalize_kernel.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set
#include <hwy/highway.h>

#include "trainer/data/normalize_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace skein {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Floats>;
constexpr size_t kMaxLanes = 16;

HWY_INLINE Vector divide(Vector value, Vector divisor, Vector reciprocal) {
  const Vector quotient = hn::Mul(value, reciprocal);
  return hn::MulAdd(hn::NegMulAdd(quotient, divisor, value), reciprocal, quotient);
}

/// Of three vectors side by side, the channels' values in turn.
struct Pattern {
  alignas(64) float values[3 * kMaxLanes];

  explicit Pattern(const float* channels) {
    for (size_t i = 0; i < 3 * kMaxLanes; ++i) values[i] = channels[i % 3];
  }
};

void normalize(const uint8_t* HWY_RESTRICT pixels, size_t count, const float* mean, const float* deviation,
               float* HWY_RESTRICT output) {
  const Floats floats;
  const hn::Rebind<uint8_t, Floats> bytes;
  const hn::Rebind<int32_t, Floats> integers;
  const size_t lanes = hn::Lanes(floats);
  const float reciprocals[3] = {1 / deviation[0], 1 / deviation[1], 1 / deviation[2]};
  const Pattern means(mean), deviations(deviation), inverses(reciprocals);
  const Vector most = hn::Set(floats, 255.0f), inverse_most = hn::Set(floats, 1 / 255.0f);
  size_t i = 0;
  for (; i + 3 * lanes <= count; i += 3 * lanes) {
    for (size_t part = 0; part < 3 * lanes; part += lanes) {
      const Vector value = hn::ConvertTo(floats, hn::PromoteTo(integers, hn::LoadU(bytes, pixels + i + part)));
      const Vector centred = hn::Sub(divide(value, most, inverse_most), hn::LoadU(floats, means.values + part));
      const Vector result =
          divide(centred, hn::LoadU(floats, deviations.values + part), hn::LoadU(floats, inverses.values + part));
      hn::StoreU(result, floats, output + i + part);
    }
  }
  for (; i < count; ++i) output[i] = (static_cast<float>(pixels[i]) / 255.0f - mean[i % 3]) / deviation[i % 3];
}

}  // namespace HWY_NAMESPACE
}  // namespace skein
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {

HWY_EXPORT(normalize);

void normalize_pixels(const uint8_t* pixels, size_t count, const float* mean, const float* deviation, float* output) {
  HWY_DYNAMIC_DISPATCH(normalize)(pixels, count, mean, deviation, output);
}

}  // namespace skein
#endif
