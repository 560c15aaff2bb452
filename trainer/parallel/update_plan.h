#pragma once
// Who updates what: a pure function, alike on all ranks.
//
// Parameters are cut into blocks of kBlockElements from their start, and an owner has whole blocks. So a norm that is
// added up block by block has the same bits however many owners there are and wherever the parameters lie.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skein {

inline constexpr std::int64_t kBlockElements = 4096;

/// Where a parameter's gradient lies, in elements from the start of a piece of memory.
struct PlacedParameter {
  std::size_t parameter = 0;  ///< index
  std::int64_t offset = 0;
  std::int64_t count = 0;
};

struct PlannedBlock {
  std::size_t parameter = 0;
  std::int64_t begin = 0;   ///< in the parameter
  std::int64_t offset = 0;  ///< in the memory
  std::int64_t count = 0;
};

/// A part of the memory that is averaged at once, and who owns which slice of it.
struct PlannedChunk {
  std::int64_t begin = 0;  ///< in the memory
  std::vector<std::size_t> slice_counts;  ///< elements, by owner: one after the other from `begin`
  std::int64_t own_begin = 0;             ///< of `owner`'s slice, in the memory
  std::vector<PlannedBlock> blocks;       ///< of `owner`

  std::int64_t count() const;
};

/// Cuts memory of `num_elements` into chunks of about slice_elements * num_owners elements. `placed`: ascending, without
/// overlap; gaps belong to the parameter before them. Slices of a chunk differ by at most two blocks.
std::vector<PlannedChunk> plan_update(std::span<const PlacedParameter> placed, std::int64_t num_elements, int num_owners,
                                      int owner, std::int64_t slice_elements);

/// Blocks of a parameter of `count` elements.
std::int64_t num_blocks(std::int64_t count);

}  // namespace skein
