#include "collectives/copy_kernels.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

// Compiled once for each instruction set, as the reductions are.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "collectives/copy_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace skein::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// `to` is aligned to vectors and `num_bytes` a multiple of four of them.
void stream_blocks(uint8_t* to, const uint8_t* from, size_t num_bytes) {
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t i = 0; i < num_bytes; i += 4 * lanes) {
    const auto a = hn::LoadU(d, from + i);
    const auto b = hn::LoadU(d, from + i + lanes);
    const auto c = hn::LoadU(d, from + i + 2 * lanes);
    const auto e = hn::LoadU(d, from + i + 3 * lanes);
    hn::Stream(a, d, to + i);
    hn::Stream(b, d, to + i + lanes);
    hn::Stream(c, d, to + i + 2 * lanes);
    hn::Stream(e, d, to + i + 3 * lanes);
  }
  hwy::FlushStream();
}

void stream_copy(uint8_t* to, const uint8_t* from, size_t num_bytes) {
  const size_t block = 4 * hn::Lanes(hn::ScalableTag<uint8_t>());
  const size_t head = HWY_MIN(num_bytes, (block - reinterpret_cast<uintptr_t>(to) % block) % block);
  const size_t body = (num_bytes - head) / block * block;
  std::memcpy(to, from, head);
  stream_blocks(to + head, from + head, body);
  std::memcpy(to + head + body, from + head + body, num_bytes - head - body);
}

/// Asks for every line once it is kAhead bytes away; beyond the end of `from` that does no harm.
void prefetching_copy(uint8_t* to, const uint8_t* from, size_t num_bytes) {
  constexpr size_t kAhead = 2048;
  constexpr size_t kLineBytes = 64;
  const hn::CappedTag<uint8_t, kLineBytes> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + kLineBytes <= num_bytes; i += kLineBytes) {
    hwy::Prefetch(from + i + kAhead);
    for (size_t j = 0; j < kLineBytes; j += lanes) hn::StoreU(hn::LoadU(d, from + i + j), d, to + i + j);
  }
  std::memcpy(to + i, from + i, num_bytes - i);
}

}  // namespace skein::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {
HWY_EXPORT(stream_copy);
HWY_EXPORT(prefetching_copy);

namespace {
constexpr std::size_t kWorthACall = 16 * 1024;  // of a kernel instead of memcpy

void plain_copy(void* to, const void* from, std::size_t num_bytes) {
  if (num_bytes != 0) std::memcpy(to, from, num_bytes);
}
}  // namespace

void copy_past_caches(void* to, const void* from, std::size_t num_bytes) {
  HWY_DYNAMIC_DISPATCH(stream_copy)(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), num_bytes);
}

void copy_large(void* to, const void* from, std::size_t num_bytes, std::size_t num_bytes_together) {
  if (num_bytes < kWorthACall || std::max(num_bytes, num_bytes_together) < kStreamBytes)
    return plain_copy(to, from, num_bytes);
  copy_past_caches(to, from, num_bytes);
}

void copy_ahead(void* to, const void* from, std::size_t num_bytes) {
  if (num_bytes < kWorthACall) return plain_copy(to, from, num_bytes);
  HWY_DYNAMIC_DISPATCH(prefetching_copy)(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), num_bytes);
}

}  // namespace skein
#endif
