#include "trainer/data/cache/available_memory.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace skein {

namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

/// The number behind `key` in a file of lines "KEY NUMBER ..."; `otherwise` where there is none.
uint64_t number_in(const char* file, const std::string& key, uint64_t otherwise) {
  std::ifstream lines(file);
  std::string word;
  for (uint64_t number = 0; lines >> word; lines.ignore(std::numeric_limits<std::streamsize>::max(), '\n'))
    if (word == key && lines >> number) return number;
  return otherwise;
}

/// Of control groups version 2; what is in the page cache can be had.
uint64_t group_memory() {
  std::ifstream file("/sys/fs/cgroup/memory.max");
  uint64_t limit = 0;
  if (!(file >> limit)) return kUnlimited;  // "max", or no such group
  const uint64_t used = number_in("/sys/fs/cgroup/memory.stat", "anon", 0);
  return limit - std::min(limit, used);
}

}  // namespace

uint64_t available_memory() {
  constexpr uint64_t kKilobyte = 1024;
  const uint64_t host = number_in("/proc/meminfo", "MemAvailable:", 0) * kKilobyte;
  return std::min(host, group_memory());
}

uint64_t disk_for_cache(const std::filesystem::path& folder, uint64_t used) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return used;
  const uint64_t block = status.f_frsize, free = status.f_bavail * block, reserve = status.f_blocks * block / 10;
  return used + free - std::min(free, reserve);
}

}  // namespace skein
