#include "trainer/parallel/update_kernels.h"

#include <cmath>
#include <cstddef>

// Compiled once for each instruction set that Highway knows on this machine type; the best is chosen at run time. Plain
// loops: the compiler makes vectors of them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "trainer/parallel/update_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace skein::HWY_NAMESPACE {

template <class T, bool kHasMomentum, bool kNesterov>
void sgd_loop(T* HWY_RESTRICT w, const T* HWY_RESTRICT g, T* HWY_RESTRICT v, std::size_t count, const SgdScalars& s) {
  const T rate = static_cast<T>(s.rate);
  const T momentum = static_cast<T>(s.momentum);
  const T fresh = static_cast<T>(s.fresh);
  const T decay = static_cast<T>(s.weight_decay);
  const T scale = static_cast<T>(s.gradient_scale);
  const T trust = static_cast<T>(s.trust);
  for (std::size_t i = 0; i < count; ++i) {
    T d = (g[i] * scale + decay * w[i]) * trust;
    if constexpr (kHasMomentum) {
      const T moved = momentum * v[i] + fresh * d;
      v[i] = moved;
      d = kNesterov ? d + momentum * moved : moved;
    }
    w[i] -= rate * d;
  }
}

template <class T>
void sgd(T* w, const T* g, T* v, std::size_t count, const SgdScalars& s) {
  if (v == nullptr)
    sgd_loop<T, false, false>(w, g, v, count, s);
  else if (s.nesterov)
    sgd_loop<T, true, true>(w, g, v, count, s);
  else
    sgd_loop<T, true, false>(w, g, v, count, s);
}

/// Adam's step for one element, without rate and weight decay.
template <class T>
struct AdamDirection {
  T beta1, beta2, eps, scale, correction1, root_correction2;

  explicit AdamDirection(const AdamScalars& s)
      : beta1(static_cast<T>(s.beta1)),
        beta2(static_cast<T>(s.beta2)),
        eps(static_cast<T>(s.eps)),
        scale(static_cast<T>(s.gradient_scale)),
        correction1(static_cast<T>(s.correction1)),
        root_correction2(static_cast<T>(std::sqrt(s.correction2))) {}

  HWY_INLINE T operator()(T gradient, T& m, T& v) const {
    const T g = gradient * scale;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    return m / correction1 / (std::sqrt(v) / root_correction2 + eps);
  }
};

template <class T>
void adamw(T* HWY_RESTRICT w, const T* HWY_RESTRICT g, T* HWY_RESTRICT m, T* HWY_RESTRICT v, std::size_t count,
           const AdamScalars& s) {
  const AdamDirection<T> direction(s);
  const T rate = static_cast<T>(s.rate);
  const T kept = static_cast<T>(1 - s.rate * s.weight_decay);
  for (std::size_t i = 0; i < count; ++i) w[i] = w[i] * kept - rate * direction(g[i], m[i], v[i]);
}

template <class T>
void lamb(const T* HWY_RESTRICT w, T* HWY_RESTRICT g, T* HWY_RESTRICT m, T* HWY_RESTRICT v, std::size_t count,
          const AdamScalars& s) {
  const AdamDirection<T> direction(s);
  const T decay = static_cast<T>(s.weight_decay);
  for (std::size_t i = 0; i < count; ++i) g[i] = direction(g[i], m[i], v[i]) + decay * w[i];
}

template <class T>
void add(T* HWY_RESTRICT y, const T* HWY_RESTRICT x, double factor, std::size_t count) {
  const T f = static_cast<T>(factor);
  for (std::size_t i = 0; i < count; ++i) y[i] += f * x[i];
}

template <class T>
void follow(T* HWY_RESTRICT average, const T* HWY_RESTRICT x, double share, std::size_t count) {
  const T s = static_cast<T>(share);
  for (std::size_t i = 0; i < count; ++i) average[i] += s * (x[i] - average[i]);
}

template <class T>
double squares(const T* HWY_RESTRICT x, std::size_t count) {
  constexpr std::size_t kSums = 16;
  double sums[kSums] = {};
  std::size_t i = 0;
  for (; i + kSums <= count; i += kSums)
    for (std::size_t lane = 0; lane < kSums; ++lane) {
      const double value = x[i + lane];
      sums[lane] += value * value;
    }
  for (; i < count; ++i) sums[i % kSums] += static_cast<double>(x[i]) * x[i];
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

#define SKEIN_UPDATE_KERNELS(T, Type)                                                                       \
  void Sgd##Type(void* w, const void* g, void* v, std::size_t count, const SgdScalars& s) {                 \
    sgd(static_cast<T*>(w), static_cast<const T*>(g), static_cast<T*>(v), count, s);                        \
  }                                                                                                         \
  void AdamW##Type(void* w, const void* g, void* m, void* v, std::size_t count, const AdamScalars& s) {     \
    adamw(static_cast<T*>(w), static_cast<const T*>(g), static_cast<T*>(m), static_cast<T*>(v), count, s);  \
  }                                                                                                         \
  void Lamb##Type(const void* w, void* g, void* m, void* v, std::size_t count, const AdamScalars& s) {      \
    lamb(static_cast<const T*>(w), static_cast<T*>(g), static_cast<T*>(m), static_cast<T*>(v), count, s);   \
  }                                                                                                         \
  void Add##Type(void* y, const void* x, double factor, std::size_t count) {                                \
    add(static_cast<T*>(y), static_cast<const T*>(x), factor, count);                                       \
  }                                                                                                         \
  void Follow##Type(void* average, const void* x, double share, std::size_t count) {                        \
    follow(static_cast<T*>(average), static_cast<const T*>(x), share, count);                               \
  }                                                                                                         \
  double Squares##Type(const void* x, std::size_t count) { return squares(static_cast<const T*>(x), count); }

SKEIN_UPDATE_KERNELS(float, Float32)
SKEIN_UPDATE_KERNELS(double, Float64)
#undef SKEIN_UPDATE_KERNELS

}  // namespace skein::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {

#define SKEIN_EXPORT_BOTH(Name) \
  HWY_EXPORT(Name##Float32);    \
  HWY_EXPORT(Name##Float64)
SKEIN_EXPORT_BOTH(Sgd);
SKEIN_EXPORT_BOTH(AdamW);
SKEIN_EXPORT_BOTH(Lamb);
SKEIN_EXPORT_BOTH(Add);
SKEIN_EXPORT_BOTH(Follow);
SKEIN_EXPORT_BOTH(Squares);
#undef SKEIN_EXPORT_BOTH

#define SKEIN_DISPATCH(Name, ...) \
  (type == UpdateType::kFloat32 ? HWY_DYNAMIC_DISPATCH(Name##Float32)(__VA_ARGS__) : HWY_DYNAMIC_DISPATCH(Name##Float64)(__VA_ARGS__))

void sgd_update(UpdateType type, void* parameters, const void* gradients, void* momenta, std::size_t count,
                const SgdScalars& scalars) {
  SKEIN_DISPATCH(Sgd, parameters, gradients, momenta, count, scalars);
}

void adamw_update(UpdateType type, void* parameters, const void* gradients, void* first_moments, void* second_moments,
                  std::size_t count, const AdamScalars& scalars) {
  SKEIN_DISPATCH(AdamW, parameters, gradients, first_moments, second_moments, count, scalars);
}

void lamb_direction(UpdateType type, const void* parameters, void* gradients, void* first_moments, void* second_moments,
                    std::size_t count, const AdamScalars& scalars) {
  SKEIN_DISPATCH(Lamb, parameters, gradients, first_moments, second_moments, count, scalars);
}

void add_scaled(UpdateType type, void* y, const void* x, double factor, std::size_t count) {
  SKEIN_DISPATCH(Add, y, x, factor, count);
}

void follow(UpdateType type, void* average, const void* x, double share, std::size_t count) {
  SKEIN_DISPATCH(Follow, average, x, share, count);
}

double sum_of_squares(UpdateType type, const void* x, std::size_t count) {
  return SKEIN_DISPATCH(Squares, x, count);
}
#undef SKEIN_DISPATCH

}  // namespace skein
#endif
