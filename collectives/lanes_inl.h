// How elements in memory become vectors of the type in which they are combined, and back. Included by the kernels, once
// for each instruction set; the guard is Highway's own pattern for that.

#if defined(SKEIN_COLLECTIVES_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SKEIN_COLLECTIVES_LANES_INL_H_
#undef SKEIN_COLLECTIVES_LANES_INL_H_
#else
#define SKEIN_COLLECTIVES_LANES_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace skein::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct PlainLanes {
  using Memory = T;
  using Tag = hn::ScalableTag<T>;
  static auto load(Tag d, const T* p) { return hn::LoadU(d, p); }
  template <class V>
  static void store(Tag d, V v, T* p) {
    hn::StoreU(v, d, p);
  }
};

struct BFloat16Lanes {
  using Memory = uint16_t;
  using Tag = hn::ScalableTag<float>;
  using Half = hn::Rebind<uint16_t, Tag>;
  using Bits = hn::RebindToUnsigned<Tag>;
  static auto load(Tag d, const uint16_t* p) {
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(Bits(), hn::LoadU(Half(), p))));
  }
  // Highway 1.0 truncates here; this rounds to nearest even and keeps NaN a (quiet) NaN.
  template <class V>
  static void store(Tag d, V v, uint16_t* p) {
    const Bits bits;
    const auto word = hn::BitCast(bits, v);
    const auto odd = hn::And(hn::ShiftRight<16>(word), hn::Set(bits, 1u));
    const auto rounded = hn::Add(word, hn::Add(odd, hn::Set(bits, 0x7fffu)));
    const auto quiet = hn::Or(word, hn::Set(bits, 0x00400000u));
    const auto is_nan = hn::RebindMask(bits, hn::IsNaN(v));
    const auto result = hn::ShiftRight<16>(hn::IfThenElse(is_nan, quiet, rounded));
    hn::StoreU(hn::DemoteTo(Half(), hn::BitCast(hn::RebindToSigned<Bits>(), result)), Half(), p);
  }
};

// float16 by the processor's own conversions.
struct NativeFloat16Lanes {
  using Memory = hwy::float16_t;
  using Tag = hn::ScalableTag<float>;
  using Half = hn::Rebind<hwy::float16_t, Tag>;
  static auto load(Tag d, const hwy::float16_t* p) { return hn::PromoteTo(d, hn::LoadU(Half(), p)); }
  template <class V>
  static void store(Tag, V v, hwy::float16_t* p) {
    hn::StoreU(hn::DemoteTo(Half(), v), Half(), p);
  }
};

// float16 by integer arithmetic, after Fabian Giesen (public domain); where the processor has no conversions,
// Highway 1.0 truncates and turns infinities into numbers. A number below the normal ones is scaled by adding, in
// floating point, a constant whose last place is the smallest float16: that rounds it as well.
struct PortableFloat16Lanes {
  using Memory = uint16_t;
  using Tag = hn::ScalableTag<float>;
  using Half = hn::Rebind<uint16_t, Tag>;
  using Bits = hn::RebindToUnsigned<Tag>;
  static auto load(Tag d, const uint16_t* p) {
    const Bits bits;
    const auto half = hn::PromoteTo(bits, hn::LoadU(Half(), p));
    const auto sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(bits, 0x8000u)));
    const auto shifted = hn::ShiftLeft<13>(hn::And(half, hn::Set(bits, 0x7fffu)));
    const auto exponent = hn::And(shifted, hn::Set(bits, 0x7c00u << 13));
    const auto normal = hn::Add(shifted, hn::Set(bits, (127u - 15u) << 23));
    const auto infinite = hn::Add(normal, hn::Set(bits, (128u - 16u) << 23));
    const auto smallest = hn::BitCast(d, hn::Set(bits, 113u << 23));
    const auto tiny = hn::Sub(hn::BitCast(d, hn::Add(normal, hn::Set(bits, 1u << 23))), smallest);
    const auto is_infinite = hn::Eq(exponent, hn::Set(bits, 0x7c00u << 13));
    const auto is_tiny = hn::Eq(exponent, hn::Zero(bits));
    const auto magnitude =
        hn::IfThenElse(is_infinite, infinite, hn::IfThenElse(is_tiny, hn::BitCast(bits, tiny), normal));
    return hn::BitCast(d, hn::Or(magnitude, sign));
  }
  template <class V>
  static void store(Tag d, V v, uint16_t* p) {
    const Bits bits;
    const hn::RebindToSigned<Bits> order;  // comparisons of magnitudes, all below 2^31
    const auto word = hn::BitCast(bits, v);
    const auto sign = hn::And(word, hn::Set(bits, 0x80000000u));
    const auto magnitude = hn::Xor(word, sign);
    const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(bits, 1u));
    const auto rebiased = hn::Sub(magnitude, hn::Set(bits, (127u - 15u) << 23));
    const auto normal = hn::ShiftRight<13>(hn::Add(rebiased, hn::Add(odd, hn::Set(bits, 0xfffu))));
    const auto last_place = hn::Set(bits, 126u << 23);  // of 0.5 is that of the smallest float16
    const auto scaled = hn::Add(hn::BitCast(d, magnitude), hn::BitCast(d, last_place));
    const auto tiny = hn::Sub(hn::BitCast(bits, scaled), last_place);
    const auto nan = hn::Or(hn::ShiftRight<13>(hn::And(magnitude, hn::Set(bits, 0x7fffffu))), hn::Set(bits, 0x7e00u));
    const auto at_least = [&](uint32_t limit) {
      return hn::RebindMask(bits,
                            hn::Gt(hn::BitCast(order, magnitude), hn::Set(order, static_cast<int32_t>(limit - 1))));
    };
    auto result = hn::IfThenElse(at_least(113u << 23), normal, tiny);
    result = hn::IfThenElse(at_least((127u + 16u) << 23), hn::Set(bits, 0x7c00u), result);
    result = hn::IfThenElse(at_least((255u << 23) + 1), nan, result);
    result = hn::Or(result, hn::ShiftRight<16>(sign));
    hn::StoreU(hn::DemoteTo(Half(), hn::BitCast(order, result)), Half(), p);
  }
};

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2 && !defined(HWY_DISABLE_F16C)
using Float16Lanes = NativeFloat16Lanes;
#else
using Float16Lanes = PortableFloat16Lanes;
#endif

}  // namespace skein::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SKEIN_COLLECTIVES_LANES_INL_H_
