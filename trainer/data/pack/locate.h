#pragma once
// Where an image lies among the files of a pack: arithmetic only, in 64 bits.

#include <algorithm>

#include "trainer/data/pack/pack_storage.h"

namespace skein {

struct ImageLocation {
  size_t segment;
  uint64_t file_offset;
  uint64_t num_bytes;
};

/// Position of each segment's first byte among all bytes of the pack.
inline std::vector<uint64_t> starts_of(const std::vector<PackSegment>& segments) {
  std::vector<uint64_t> starts;
  uint64_t start = 0;
  for (const PackSegment& segment : segments) {
    starts.push_back(start);
    start += segment.num_bytes;
  }
  return starts;
}

inline ImageLocation locate(const OpenedPack& pack, const std::vector<uint64_t>& starts, size_t index) {
  const uint64_t begin = pack.contents.offsets.at(index), end = pack.contents.offsets.at(index + 1);
  const auto segment = static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), begin) - starts.begin() - 1);
  return {segment, pack.segments[segment].file_offset + (begin - starts[segment]), end - begin};
}

inline bool lies_in_one_segment(const OpenedPack& pack, const std::vector<uint64_t>& starts, size_t index) {
  const ImageLocation location = locate(pack, starts, index);
  const PackSegment& segment = pack.segments[location.segment];
  const uint64_t behind = location.file_offset - segment.file_offset;
  return behind <= segment.num_bytes && location.num_bytes <= segment.num_bytes - behind;
}

}  // namespace skein
