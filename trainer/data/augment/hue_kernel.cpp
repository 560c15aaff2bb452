// Pillow's conversion from RGB to 8-bit HSV and back (Convert.c, after Python's colorsys), with its mixture of single and
// double precision: the same numbers for all 2^24 colours.
//
// A block of pixels is taken apart into planes of bytes, which are then worked through as many at a time as doubles fit.
// Arrays of vectors exclude vectors of unknown length.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "trainer/data/augment/hue_kernel.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set
#include <hwy/highway.h>

#include "trainer/data/augment/color_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace skein {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

const hn::ScalableTag<double> kDoubles;
const hn::Rebind<float, decltype(kDoubles)> kFloats;
const hn::Rebind<int32_t, decltype(kDoubles)> kInts;
const hn::Rebind<uint8_t, decltype(kDoubles)> kBytes;
using Doubles = hn::Vec<decltype(kDoubles)>;
using Floats = hn::Vec<decltype(kFloats)>;
using Ints = hn::Vec<decltype(kInts)>;

/// Red, green and blue, or hue, saturation and value, of some pixels.
struct Planes {
  static constexpr size_t kPixels = 64;  // a multiple of the lanes of any vector of doubles
  HWY_ALIGN uint8_t bytes[3][kPixels];
};

HWY_INLINE Doubles widen(Floats values) {
  return hn::PromoteTo(kDoubles, values);
}
HWY_INLINE Ints load(const uint8_t* bytes) {
  return hn::PromoteTo(kInts, hn::LoadU(kBytes, bytes));
}
HWY_INLINE void store(Ints values, uint8_t* bytes) {
  hn::StoreU(hn::DemoteTo(kBytes, values), kBytes, bytes);
}
HWY_INLINE Ints cut(Doubles values) {
  return hn::DemoteTo(kInts, values);
}
/// C's round() of numbers that are not negative.
HWY_INLINE Ints rounded(Doubles values) {
  return cut(hn::Add(values, hn::Set(kDoubles, 0.5)));
}

/// The hue as a share of the circle: `range` is largest minus smallest, not 0.
HWY_INLINE Doubles hue_of(Ints red, Ints green, Ints blue, Ints largest, Floats range) {
  const auto share = [&](Ints channel) { return hn::Div(hn::ConvertTo(kFloats, hn::Sub(largest, channel)), range); };
  const Floats r = share(red), g = share(green), b = share(blue);
  const auto after = [&](double start, Floats more, Floats less) {
    return hn::DemoteTo(kFloats, hn::Sub(hn::Add(hn::Set(kDoubles, start), widen(more)), widen(less)));
  };
  const auto red_leads = hn::RebindMask(kFloats, hn::Eq(red, largest));
  const auto green_leads = hn::RebindMask(kFloats, hn::Eq(green, largest));
  const Floats sector =
      hn::IfThenElse(red_leads, hn::Sub(b, g), hn::IfThenElse(green_leads, after(2.0, r, b), after(4.0, g, r)));
  const Doubles one = hn::Set(kDoubles, 1.0);
  const Doubles turned = hn::Add(hn::Div(widen(sector), hn::Set(kDoubles, 6.0)), one);
  const Doubles within = hn::IfThenElse(hn::Ge(turned, one), hn::Sub(turned, one), turned);
  return widen(hn::DemoteTo(kFloats, within));
}

HWY_INLINE void to_hsv(Planes& planes, size_t at) {
  const Ints red = load(planes.bytes[0] + at), green = load(planes.bytes[1] + at), blue = load(planes.bytes[2] + at);
  const Ints largest = hn::Max(red, hn::Max(green, blue));
  const Ints smallest = hn::Min(red, hn::Min(green, blue));
  const Ints one = hn::Set(kInts, 1);
  const Floats range = hn::ConvertTo(kFloats, hn::Max(hn::Sub(largest, smallest), one));
  const Doubles scale = hn::Set(kDoubles, 255.0);
  const Floats saturation = hn::Div(range, hn::ConvertTo(kFloats, hn::Max(largest, one)));
  const auto colourless = hn::Eq(largest, smallest);
  const Ints hue = cut(hn::Mul(hue_of(red, green, blue, largest, range), scale));
  store(hn::IfThenZeroElse(colourless, hue), planes.bytes[0] + at);
  store(hn::IfThenZeroElse(colourless, cut(hn::Mul(widen(saturation), scale))), planes.bytes[1] + at);
  store(largest, planes.bytes[2] + at);
}

HWY_INLINE Ints chosen(Ints sector, const Ints (&of_sector)[6]) {
  Ints result = of_sector[0];  // of the sixth, too, which is where the circle closes
  for (int i = 1; i < 6; ++i) result = hn::IfThenElse(hn::Eq(sector, hn::Set(kInts, i)), of_sector[i], result);
  return result;
}

HWY_INLINE void to_rgb(Planes& planes, size_t at) {
  const Ints hue = load(planes.bytes[0] + at), saturation = load(planes.bytes[1] + at), v = load(planes.bytes[2] + at);
  const Doubles one = hn::Set(kDoubles, 1.0), scale = hn::Set(kDoubles, 255.0);
  const Doubles angle = hn::Div(hn::Mul(hn::PromoteTo(kDoubles, hue), hn::Set(kDoubles, 6.0)), scale);
  const Ints sector = cut(angle);
  const Floats f = hn::DemoteTo(kFloats, hn::Sub(angle, hn::PromoteTo(kDoubles, sector)));
  const Floats fs = hn::DemoteTo(kFloats, hn::Div(hn::PromoteTo(kDoubles, saturation), scale));
  const Doubles value = hn::PromoteTo(kDoubles, v);
  const auto darker = [&](Doubles share) { return rounded(hn::Mul(value, hn::Sub(one, share))); };
  const Ints p = darker(widen(fs));
  const Ints q = darker(widen(hn::Mul(fs, f)));
  const Ints t = darker(hn::Mul(widen(fs), hn::Sub(one, widen(f))));
  const auto colourless = hn::Eq(saturation, hn::Zero(kInts));
  const auto put = [&](int channel, const Ints(&of_sector)[6]) {
    store(hn::IfThenElse(colourless, v, chosen(sector, of_sector)), planes.bytes[channel] + at);
  };
  put(0, {v, q, p, p, t, v});
  put(1, {t, v, v, q, p, p});
  put(2, {p, p, t, v, v, q});
}

void take_apart(const uint8_t* pixels, size_t num_pixels, Planes& planes) {
  for (size_t i = 0; i < num_pixels; ++i)
    for (int channel = 0; channel < 3; ++channel) planes.bytes[channel][i] = pixels[3 * i + channel];
}

void put_together(const Planes& planes, size_t num_pixels, uint8_t* pixels) {
  for (size_t i = 0; i < num_pixels; ++i)
    for (int channel = 0; channel < 3; ++channel) pixels[3 * i + channel] = planes.bytes[channel][i];
}

void shift_block(uint8_t* pixels, size_t num_pixels, uint8_t shift, Planes& planes) {
  const size_t lanes = hn::Lanes(kDoubles);
  take_apart(pixels, num_pixels, planes);
  for (size_t at = 0; at < num_pixels; at += lanes) to_hsv(planes, at);
  for (size_t i = 0; i < Planes::kPixels; ++i) planes.bytes[0][i] = static_cast<uint8_t>(planes.bytes[0][i] + shift);
  for (size_t at = 0; at < num_pixels; at += lanes) to_rgb(planes, at);
  put_together(planes, num_pixels, pixels);
}

void shift_hues(uint8_t* pixels, size_t num_pixels, uint8_t shift) {
  Planes planes{};
  for (; num_pixels >= Planes::kPixels; num_pixels -= Planes::kPixels, pixels += 3 * Planes::kPixels)
    shift_block(pixels, Planes::kPixels, shift, planes);
  shift_block(pixels, num_pixels, shift, planes);
}

}  // namespace HWY_NAMESPACE
}  // namespace skein
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {

HWY_EXPORT(shift_hues);

void shift_hue(uint8_t* pixels, size_t num_pixels, uint8_t shift) {
  HWY_DYNAMIC_DISPATCH(shift_hues)(pixels, num_pixels, shift);
}

}  // namespace skein
#endif
