// Arrays of vectors exclude vectors of unknown length.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "trainer/data/augment/affine_kernels.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set
#include <hwy/highway.h>

#include "trainer/data/augment/affine_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace skein {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A pixel (R, G, B and the byte after it) in four lanes, or in as many turns as it takes.
constexpr size_t kPixelBytes = 4;
const hn::CappedTag<double, kPixelBytes> kDoubles;
const hn::Rebind<int32_t, decltype(kDoubles)> kInts;
const hn::Rebind<uint8_t, decltype(kDoubles)> kBytes;
using Doubles = hn::Vec<decltype(kDoubles)>;

HWY_INLINE Doubles load(const uint8_t* bytes) {
  return hn::PromoteTo(kDoubles, hn::PromoteTo(kInts, hn::LoadU(kBytes, bytes)));
}
/// Cut to whole numbers, and to 0..255.
HWY_INLINE void store(Doubles values, uint8_t* bytes) {
  hn::StoreU(hn::DemoteTo(kBytes, hn::DemoteTo(kInts, values)), kBytes, bytes);
}

/// The kTaps pixels around a place on one axis, the outermost ones repeated beyond the edge.
template <int kTaps>
struct Taps {
  int at[kTaps];
  double fraction;

  HWY_INLINE Taps(double place, int limit) {
    const double shifted = place - 0.5;
    const int cut = static_cast<int>(shifted);
    const int first = cut - (shifted < cut);  // floor
    fraction = shifted - first;
    for (int i = 0; i < kTaps; ++i) at[i] = HWY_MIN(HWY_MAX(first + i - (kTaps / 2 - 1), 0), limit - 1);
  }
};

struct Bilinear {
  static constexpr int kTaps = 2;
  static HWY_INLINE Doubles mix(const Doubles (&v)[2], Doubles d) {
    return hn::Add(v[0], hn::Mul(hn::Sub(v[1], v[0]), d));
  }
};

struct Bicubic {
  static constexpr int kTaps = 4;
  static HWY_INLINE Doubles mix(const Doubles (&v)[4], Doubles d) {
    const Doubles difference = hn::Sub(v[0], v[1]);
    const Doubles p2 = hn::Sub(v[2], v[0]);
    const Doubles p3 = hn::Sub(hn::Add(hn::Add(difference, difference), v[2]), v[3]);
    const Doubles p4 = hn::Add(hn::Sub(hn::Sub(v[1], v[0]), v[2]), v[3]);
    const Doubles inner = hn::Add(p3, hn::Mul(d, p4));
    return hn::Add(v[1], hn::Mul(d, hn::Add(p2, hn::Mul(d, inner))));
  }
};

template <class Filter>
HWY_INLINE void interpolate(const RgbView& input, double x, double y, uint8_t* out) {
  const Taps<Filter::kTaps> columns(x, input.dimensions.width), rows(y, input.dimensions.height);
  const Doubles dx = hn::Set(kDoubles, columns.fraction), dy = hn::Set(kDoubles, rows.fraction);
  for (size_t byte = 0; byte < kPixelBytes; byte += hn::Lanes(kDoubles)) {
    Doubles lines[Filter::kTaps];
    for (int i = 0; i < Filter::kTaps; ++i) {
      const uint8_t* const row = input.row(rows.at[i]) + byte;
      Doubles pixels[Filter::kTaps];
      for (int k = 0; k < Filter::kTaps; ++k) pixels[k] = load(row + 3 * columns.at[k]);
      lines[i] = Filter::mix(pixels, dx);
    }
    store(Filter::mix(lines, dy), out + byte);
  }
}

/// Writes a byte behind each pixel, which the next one overwrites.
template <class Filter>
void transform_by(const RgbView input, const AffineMatrix m, const FillColor fill, RgbImage& output) {
  const int num_columns = output.width();
  const double width = input.dimensions.width, height = input.dimensions.height;
  for (int y = 0; y < output.height(); ++y) {
    const double place_y = y + 0.5;
    uint8_t* out = output.row(y);
    for (int x = 0; x < num_columns; ++x, out += 3) {
      const double place_x = x + 0.5;
      const double source_x = m[0] * place_x + m[1] * place_y + m[2];
      const double source_y = m[3] * place_x + m[4] * place_y + m[5];
      if (source_x >= 0.0 && source_x < width && source_y >= 0.0 && source_y < height) {
        interpolate<Filter>(input, source_x, source_y, out);
      } else {
        for (int channel = 0; channel < 3; ++channel) out[channel] = fill[channel];
      }
    }
  }
}

void bilinear(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output) {
  transform_by<Bilinear>(input, matrix, fill, output);
}
void bicubic(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output) {
  transform_by<Bicubic>(input, matrix, fill, output);
}

}  // namespace HWY_NAMESPACE
}  // namespace skein
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {

HWY_EXPORT(bilinear);
HWY_EXPORT(bicubic);

void transform_bilinear(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output) {
  HWY_DYNAMIC_DISPATCH(bilinear)(input, matrix, fill, output);
}
void transform_bicubic(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output) {
  HWY_DYNAMIC_DISPATCH(bicubic)(input, matrix, fill, output);
}

}  // namespace skein
#endif
