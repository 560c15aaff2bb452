#include "collectives/reduce_kernels.h"

#include <cstring>

#include "collectives/reduce_span.h"

// Compiled once for each instruction set that Highway knows on this machine type; the best is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "collectives/reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "collectives/lanes_inl.h"

HWY_BEFORE_NAMESPACE();
namespace skein::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

template <class D, class V>
HWY_INLINE V times(D d, V v, double factor) {
  return hn::Mul(v, hn::Set(d, static_cast<hn::TFromD<D>>(factor)));
}

// One block of kVectors vectors, starting at element i. kPrescale: whether the sources have a factor of their own.
template <class Lanes, class Op, bool kPrescale, size_t kVectors>
HWY_INLINE void reduce_block(const ReduceSpan& span, size_t i, const Scales& scales) {
  using Memory = typename Lanes::Memory;
  const typename Lanes::Tag d;
  using V = hn::Vec<typename Lanes::Tag>;
  const size_t lanes = hn::Lanes(d);
  const auto load = [&](size_t s, size_t v) {
    const V loaded = Lanes::load(d, static_cast<const Memory*>(span.sources[s]) + i + v * lanes);
    return kPrescale ? times(d, loaded, scales.pre) : loaded;
  };
  V total[kVectors];
  for (size_t v = 0; v < kVectors; ++v) total[v] = load(0, v);
  for (size_t s = 1; s < span.num_sources; ++s)
    for (size_t v = 0; v < kVectors; ++v) total[v] = Op::apply(total[v], load(s, v));
  if (scales.post != 1.0)
    for (size_t v = 0; v < kVectors; ++v) total[v] = times(d, total[v], scales.post);
  for (size_t t = 0; t < span.num_destinations; ++t) {
    auto* destination = static_cast<Memory*>(span.destinations[t]) + i;
    for (size_t v = 0; v < kVectors; ++v) Lanes::store(d, total[v], destination + v * lanes);
  }
}

// The last elements, fewer than a vector, through a padded copy.
template <class Lanes, class Op, bool kPrescale>
void reduce_tail(const ReduceSpan& span, size_t i, size_t count, const Scales& scales) {
  using Memory = typename Lanes::Memory;
  const typename Lanes::Tag d;
  HWY_ALIGN Memory padded[HWY_MAX_BYTES / sizeof(Memory)] = {};
  const auto load = [&](size_t s) {
    std::memcpy(padded, static_cast<const Memory*>(span.sources[s]) + i, count * sizeof(Memory));
    const auto loaded = Lanes::load(d, padded);
    return kPrescale ? times(d, loaded, scales.pre) : loaded;
  };
  auto total = load(0);
  for (size_t s = 1; s < span.num_sources; ++s) total = Op::apply(total, load(s));
  if (scales.post != 1.0) total = times(d, total, scales.post);
  Lanes::store(d, total, padded);
  for (size_t t = 0; t < span.num_destinations; ++t)
    std::memcpy(static_cast<Memory*>(span.destinations[t]) + i, padded, count * sizeof(Memory));
}

template <class Lanes, class Op, bool kPrescale>
void reduce_floats(const ReduceSpan& span, size_t count, const Scales& scales) {
  constexpr size_t kVectors = 4;
  const size_t lanes = hn::Lanes(typename Lanes::Tag());
  size_t i = 0;
  for (; i + kVectors * lanes <= count; i += kVectors * lanes)
    reduce_block<Lanes, Op, kPrescale, kVectors>(span, i, scales);
  for (; i + lanes <= count; i += lanes) reduce_block<Lanes, Op, kPrescale, 1>(span, i, scales);
  if (i < count) reduce_tail<Lanes, Op, kPrescale>(span, i, count - i, scales);
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

template <class Lanes, class Op>
void reduce_scaled(const ReduceSpan& span, size_t count, const Scales& scales) {
  if (scales.pre == 1.0) return reduce_floats<Lanes, Op, false>(span, count, scales);
  reduce_floats<Lanes, Op, true>(span, count, scales);
}

template <class Lanes>
void dispatch_floats(const ReduceSpan& span, size_t count, ReduceOp op, const Scales& scales) {
  switch (op) {
    case ReduceOp::kSum:
    case ReduceOp::kAverage:
      return reduce_scaled<Lanes, SumOp>(span, count, scales);
    case ReduceOp::kMin:
      return reduce_scaled<Lanes, MinOp>(span, count, scales);
    case ReduceOp::kMax:
      return reduce_scaled<Lanes, MaxOp>(span, count, scales);
    case ReduceOp::kProduct:
      return reduce_scaled<Lanes, ProductOp>(span, count, scales);
    case ReduceOp::kAdasum:
      return;
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
    case ReduceOp::kAdasum:
      return;
  }
}

void reduce_typed(const ReduceSpan& span, size_t count, DType dtype, ReduceOp op, const Scales& scales) {
  switch (dtype) {
    case DType::kFloat32:
      return dispatch_floats<PlainLanes<float>>(span, count, op, scales);
    case DType::kFloat64:
      return dispatch_floats<PlainLanes<double>>(span, count, op, scales);
    case DType::kFloat16:
      return dispatch_floats<Float16Lanes>(span, count, op, scales);
    case DType::kBFloat16:
      return dispatch_floats<BFloat16Lanes>(span, count, op, scales);
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
                    DType dtype, ReduceOp op, const Scales& scales) {
  if (count == 0 || sources.empty()) return;
  HWY_DYNAMIC_DISPATCH(reduce_typed)
  ({destinations.data(), destinations.size(), sources.data(), sources.size()}, count, dtype, op, scales);
}

}  // namespace skein
#endif
