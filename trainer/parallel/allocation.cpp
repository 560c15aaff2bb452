#include "trainer/parallel/allocation.h"

#include <malloc.h>

#include <limits>

#include "runtime/process/environment.h"

namespace skein {
namespace {

constexpr int kLargestMmapThreshold = 32 << 20;  // glibc takes no more
constexpr int kKeptBytes = std::numeric_limits<int>::max();

}  // namespace

void keep_freed_memory() {
  for (const char* own_choice : {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"})
    if (environment_variable(own_choice)) return;
  mallopt(M_MMAP_THRESHOLD, kLargestMmapThreshold);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

}  // namespace skein
