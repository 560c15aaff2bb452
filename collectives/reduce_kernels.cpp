#include "collectives/reduce_kernels.h"

#include <cstring>

#include "collectives/reduce_span.h"

// Compiled once for each instruction set that Highway knows on this machine type; the best is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "collectives/reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace skein::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Lanes<T>: how elements of memory become vectors of the type in which they are combined, and back.

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

struct SumOp {
  template <class V>
  static V apply(V a, V b) {
    return hn::Add(a, b);
  }
};
struct ProductOp {
  template <class V>
  static V apply(V a, V b) {
    return hn::Mul(a, b);
  }
};
// The comparison alone would forget a NaN in `a`, and without SIMD in `b`.
template <class V>
V nan_or(V a, V b, V otherwise) {
  return hn::IfThenElse(hn::IsNaN(a), a, hn::IfThenElse(hn::IsNaN(b), b, otherwise));
}
struct MinOp {
  template <class V>
  static V apply(V a, V b) {
    return nan_or(a, b, hn::Min(a, b));
  }
};
struct MaxOp {
  template <class V>
  static V apply(V a, V b) {
    return nan_or(a, b, hn::Max(a, b));
  }
};

// One block of kVectors vectors, starting at element i.
template <class Lanes, class Op, size_t kVectors>
HWY_INLINE void reduce_block(const ReduceSpan& span, size_t i, double scale) {
  using Memory = typename Lanes::Memory;
  const typename Lanes::Tag d;
  using V = hn::Vec<typename Lanes::Tag>;
  const size_t lanes = hn::Lanes(d);
  V total[kVectors];
  const auto* first = static_cast<const Memory*>(span.sources[0]) + i;
  for (size_t v = 0; v < kVectors; ++v) total[v] = Lanes::load(d, first + v * lanes);
  for (size_t s = 1; s < span.num_sources; ++s) {
    const auto* source = static_cast<const Memory*>(span.sources[s]) + i;
    for (size_t v = 0; v < kVectors; ++v) total[v] = Op::apply(total[v], Lanes::load(d, source + v * lanes));
  }
  if (scale != 1.0) {
    const auto factor = hn::Set(d, static_cast<hn::TFromD<typename Lanes::Tag>>(scale));
    for (size_t v = 0; v < kVectors; ++v) total[v] = hn::Mul(total[v], factor);
  }
  for (size_t t = 0; t < span.num_destinations; ++t) {
    auto* destination = static_cast<Memory*>(span.destinations[t]) + i;
    for (size_t v = 0; v < kVectors; ++v) Lanes::store(d, total[v], destination + v * lanes);
  }
}

// The last elements, fewer than a vector, through a padded copy.
template <class Lanes, class Op>
void reduce_tail(const ReduceSpan& span, size_t i, size_t count, double scale) {
  using Memory = typename Lanes::Memory;
  const typename Lanes::Tag d;
  HWY_ALIGN Memory padded[HWY_MAX_BYTES / sizeof(Memory)] = {};
  const auto load = [&](size_t s) {
    std::memcpy(padded, static_cast<const Memory*>(span.sources[s]) + i, count * sizeof(Memory));
    return Lanes::load(d, padded);
  };
  auto total = load(0);
  for (size_t s = 1; s < span.num_sources; ++s) total = Op::apply(total, load(s));
  if (scale != 1.0) total = hn::Mul(total, hn::Set(d, static_cast<hn::TFromD<typename Lanes::Tag>>(scale)));
  Lanes::store(d, total, padded);
  for (size_t t = 0; t < span.num_destinations; ++t)
    std::memcpy(static_cast<Memory*>(span.destinations[t]) + i, padded, count * sizeof(Memory));
}

template <class Lanes, class Op>
void reduce_floats(const ReduceSpan& span, size_t count, double scale) {
  constexpr size_t kVectors = 4;
  const size_t lanes = hn::Lanes(typename Lanes::Tag());
  size_t i = 0;
  for (; i + kVectors * lanes <= count; i += kVectors * lanes) reduce_block<Lanes, Op, kVectors>(span, i, scale);
  for (; i + lanes <= count; i += lanes) reduce_block<Lanes, Op, 1>(span, i, scale);
  if (i < count) reduce_tail<Lanes, Op>(span, i, count - i, scale);
}

// Integers: Highway 1.0 lacks some multiplies and comparisons, and the compiler vectorises plain loops for each target.
template <class T, class Op>
void reduce_integers(const ReduceSpan& span, size_t count, Op op) {
  constexpr size_t kBlock = 1024;
  T total[kBlock];
  for (size_t i = 0; i < count; i += kBlock) {
    const size_t n = HWY_MIN(kBlock, count - i);
    std::memcpy(total, static_cast<const T*>(span.sources[0]) + i, n * sizeof(T));
    for (size_t s = 1; s < span.num_sources; ++s) {
      const T* source = static_cast<const T*>(span.sources[s]) + i;
      for (size_t j = 0; j < n; ++j) total[j] = op(total[j], source[j]);
    }
    for (size_t t = 0; t < span.num_destinations; ++t)
      std::memcpy(static_cast<T*>(span.destinations[t]) + i, total, n * sizeof(T));
  }
}

template <class Lanes>
void dispatch_floats(const ReduceSpan& span, size_t count, ReduceOp op, double scale) {
  switch (op) {
    case ReduceOp::kSum:
    case ReduceOp::kAverage:
      return reduce_floats<Lanes, SumOp>(span, count, scale);
    case ReduceOp::kMin:
      return reduce_floats<Lanes, MinOp>(span, count, scale);
    case ReduceOp::kMax:
      return reduce_floats<Lanes, MaxOp>(span, count, scale);
    case ReduceOp::kProduct:
      return reduce_floats<Lanes, ProductOp>(span, count, scale);
  }
}

template <class T>
void dispatch_integers(const ReduceSpan& span, size_t count, ReduceOp op) {
  using Wide = unsigned long long;  // wraps around without undefined behaviour
  switch (op) {
    case ReduceOp::kSum:
    case ReduceOp::kAverage:
      return reduce_integers<T>(span, count, [](T a, T b) { return static_cast<T>(Wide(a) + Wide(b)); });
    case ReduceOp::kMin:
      return reduce_integers<T>(span, count, [](T a, T b) { return b < a ? b : a; });
    case ReduceOp::kMax:
      return reduce_integers<T>(span, count, [](T a, T b) { return a < b ? b : a; });
    case ReduceOp::kProduct:
      return reduce_integers<T>(span, count, [](T a, T b) { return static_cast<T>(Wide(a) * Wide(b)); });
  }
}

void reduce_typed(const ReduceSpan& span, size_t count, DType dtype, ReduceOp op, double scale) {
  switch (dtype) {
    case DType::kFloat32:
      return dispatch_floats<PlainLanes<float>>(span, count, op, scale);
    case DType::kFloat64:
      return dispatch_floats<PlainLanes<double>>(span, count, op, scale);
    case DType::kFloat16:
      return dispatch_floats<Float16Lanes>(span, count, op, scale);
    case DType::kBFloat16:
      return dispatch_floats<BFloat16Lanes>(span, count, op, scale);
    case DType::kInt8:
      return dispatch_integers<int8_t>(span, count, op);
    case DType::kInt16:
      return dispatch_integers<int16_t>(span, count, op);
    case DType::kInt32:
      return dispatch_integers<int32_t>(span, count, op);
    case DType::kInt64:
      return dispatch_integers<int64_t>(span, count, op);
    case DType::kUInt8:
      return dispatch_integers<uint8_t>(span, count, op);
    case DType::kUInt16:
      return dispatch_integers<uint16_t>(span, count, op);
    case DType::kUInt32:
      return dispatch_integers<uint32_t>(span, count, op);
    case DType::kUInt64:
      return dispatch_integers<uint64_t>(span, count, op);
  }
}

}  // namespace skein::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {
HWY_EXPORT(reduce_typed);

void reduce_buffers(std::span<void* const> destinations, std::span<const void* const> sources, std::size_t count,
                    DType dtype, ReduceOp op, double scale) {
  if (count == 0 || sources.empty()) return;
  HWY_DYNAMIC_DISPATCH(reduce_typed)
  ({destinations.data(), destinations.size(), sources.data(), sources.size()}, count, dtype, op, scale);
}

}  // namespace skein
#endif
