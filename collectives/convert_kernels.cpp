#include "collectives/convert_kernels.h"

#include <cstring>

// Compiled once for each instruction set, as the reductions are.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "collectives/convert_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "collectives/lanes_inl.h"

HWY_BEFORE_NAMESPACE();
namespace skein::HWY_NAMESPACE {

template <class From, class To>
void convert_as(void* to, const void* from, size_t count) {
  using FromMemory = typename From::Memory;
  using ToMemory = typename To::Memory;
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto* source = static_cast<const FromMemory*>(from);
  auto* target = static_cast<ToMemory*>(to);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) To::store(d, From::load(d, source + i), target + i);
  if (i == count) return;
  HWY_ALIGN FromMemory padded[HWY_MAX_BYTES / sizeof(FromMemory)] = {};
  HWY_ALIGN ToMemory converted[HWY_MAX_BYTES / sizeof(ToMemory)];
  std::memcpy(padded, source + i, (count - i) * sizeof(FromMemory));
  To::store(d, From::load(d, padded), converted);
  std::memcpy(target + i, converted, (count - i) * sizeof(ToMemory));
}

template <class From>
void convert_from(void* to, DType to_dtype, const void* from, size_t count) {
  if (to_dtype == DType::kFloat16) return convert_as<From, Float16Lanes>(to, from, count);
  if (to_dtype == DType::kBFloat16) return convert_as<From, BFloat16Lanes>(to, from, count);
  convert_as<From, PlainLanes<float>>(to, from, count);
}

void convert_typed(void* to, DType to_dtype, const void* from, DType from_dtype, size_t count) {
  if (from_dtype == DType::kFloat16) return convert_from<Float16Lanes>(to, to_dtype, from, count);
  if (from_dtype == DType::kBFloat16) return convert_from<BFloat16Lanes>(to, to_dtype, from, count);
  convert_from<PlainLanes<float>>(to, to_dtype, from, count);
}

}  // namespace skein::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {
HWY_EXPORT(convert_typed);

void convert_elements(void* to, DType to_dtype, const void* from, DType from_dtype, std::size_t count) {
  if (count != 0) HWY_DYNAMIC_DISPATCH(convert_typed)(to, to_dtype, from, from_dtype, count);
}

}  // namespace skein
#endif
