#include "trainer/parallel/allocation.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/process/environment.h"

namespace skein {
namespace {

constexpr int kSmallestMmapThreshold = 128 << 10;  // glibc's own, which grows by itself unless it is set
constexpr int kLargestMmapThreshold = 32 << 20;    // glibc takes no more

void set_thresholds(int mmap_bytes, int trim_bytes) {
  constexpr std::array kOwnChoices = {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"};
  if (std::ranges::any_of(kOwnChoices, [](const char* name) { return environment_variable(name).has_value(); })) return;
  mallopt(M_MMAP_THRESHOLD, mmap_bytes);
  mallopt(M_TRIM_THRESHOLD, trim_bytes);
}

}  // namespace

void return_freed_memory() {
  set_thresholds(kSmallestMmapThreshold, kSmallestMmapThreshold);
}

void keep_freed_memory() {
  set_thresholds(kLargestMmapThreshold, std::numeric_limits<int>::max());
}

}  // namespace skein
