#include "trainer/parallel/update_plan.h"

#include <algorithm>
#include <numeric>

namespace skein {
namespace {

std::vector<PlannedBlock> all_blocks(std::span<const PlacedParameter> placed) {
  std::vector<PlannedBlock> blocks;
  for (const PlacedParameter& parameter : placed)
    for (std::int64_t begin = 0; begin < parameter.count; begin += kBlockElements)
      blocks.push_back({parameter.parameter, begin, parameter.offset + begin,
                        std::min(kBlockElements, parameter.count - begin)});
  return blocks;
}

/// The place nearest to `wanted` at which a slice may end.
std::int64_t nearest_cut(std::span<const PlannedBlock> blocks, std::int64_t wanted, std::int64_t num_elements) {
  const auto after = std::ranges::lower_bound(blocks, wanted, {}, &PlannedBlock::offset);
  const std::int64_t above = after == blocks.end() ? num_elements : after->offset;
  if (after == blocks.begin()) return above;
  const std::int64_t below = std::prev(after)->offset;
  return wanted - below < above - wanted ? below : above;
}

}  // namespace

std::int64_t PlannedChunk::count() const {
  return static_cast<std::int64_t>(std::accumulate(slice_counts.begin(), slice_counts.end(), std::size_t{0}));
}

std::vector<PlannedChunk> plan_update(std::span<const PlacedParameter> placed, std::int64_t num_elements, int num_owners,
                                      int owner, std::int64_t slice_elements) {
  const std::vector<PlannedBlock> blocks = all_blocks(placed);
  std::vector<PlannedChunk> chunks;
  for (std::int64_t begin = 0; begin < num_elements;) {
    std::int64_t end = nearest_cut(blocks, std::min(num_elements, begin + slice_elements * num_owners), num_elements);
    if (end <= begin) end = nearest_cut(blocks, std::min(num_elements, begin + kBlockElements), num_elements);
    if (end <= begin) end = num_elements;
    PlannedChunk chunk;
    chunk.begin = begin;
    std::int64_t slice_begin = begin;
    for (int i = 0; i < num_owners; ++i) {
      const std::int64_t slice_end =
          i + 1 == num_owners ? end
                              : std::clamp(nearest_cut(blocks, begin + (end - begin) * (i + 1) / num_owners, num_elements),
                                           slice_begin, end);
      chunk.slice_counts.push_back(static_cast<std::size_t>(slice_end - slice_begin));
      if (i == owner) {
        chunk.own_begin = slice_begin;
        const auto first = std::ranges::lower_bound(blocks, slice_begin, {}, &PlannedBlock::offset);
        const auto last = std::ranges::lower_bound(blocks, slice_end, {}, &PlannedBlock::offset);
        chunk.blocks.assign(first, last);
      }
      slice_begin = slice_end;
    }
    chunks.push_back(std::move(chunk));
    begin = end;
  }
  return chunks;
}

std::int64_t num_blocks(std::int64_t count) {
  return (count + kBlockElements - 1) / kBlockElements;
}

}  // namespace skein
