#include "trainer/parallel/allocation.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

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

/// A part of this process's address space, as /proc/self/smaps has it.
struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool is_code_of_file = false;
  bool is_changed = false;  ///< by a debugger or a library that patches code: it is not what the file holds
};

/// Takes the line that begins a mapping; false for any other.
bool begin_mapping(const std::string& line, Mapping& mapping) {
  std::istringstream words(line);
  std::string permissions, offset, device, inode;
  char dash = 0;
  Mapping next;
  if (!(words >> std::hex >> next.begin >> dash >> next.end >> permissions >> offset >> device >> inode) || dash != '-')
    return false;
  next.is_code_of_file = permissions == "r-xp" && inode != "0";
  mapping = next;
  return true;
}

void forget_code(const Mapping& mapping) {
  if (mapping.is_code_of_file && !mapping.is_changed)
    madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
}

}  // namespace

void return_freed_memory() {
  set_thresholds(kSmallestMmapThreshold, kSmallestMmapThreshold);
}

void keep_freed_memory() {
  set_thresholds(kLargestMmapThreshold, std::numeric_limits<int>::max());
}

void forget_startup() {
  malloc_trim(0);
  std::ifstream maps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(maps, line);) {
    const Mapping before = mapping;
    if (begin_mapping(line, mapping)) {
      forget_code(before);
      continue;
    }
    if ((line.starts_with("Anonymous:") || line.starts_with("Swap:")) && !line.ends_with(" 0 kB")) mapping.is_changed = true;
  }
  forget_code(mapping);
}

}  // namespace skein
