#pragma once
// What the ranks put into their buffers, and what must come out.

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "collectives/buffer.h"
#include "collectives/communicator.h"

namespace skein {

/// An endless sequence of elements that repeats after a prime number of them: long enough that a piece in the
/// wrong place does not go unnoticed, short enough to compute slowly.
class Pattern {
 public:
  static constexpr std::size_t kPeriod = 4099;

  Pattern(DType dtype, const std::function<double(std::size_t index)>& value);
  /// Fills `buffer` with the elements from `first` on.
  void write(const Buffer& buffer, std::size_t first = 0) const;
  /// Whether `buffer` holds, bit by bit, the elements from `first` on.
  testing::AssertionResult found_in(const Buffer& buffer, std::size_t first = 0) const;

 private:
  DType dtype_;
  std::vector<std::byte> period_;
};

/// What `rank` of `world_size` contributes: small numbers that differ by rank and index and whose reductions
/// are exact in every element type, so that the order of combination does not matter. Kept for the next
/// caller, from any thread.
const Pattern& contribution(DType dtype, ReduceOp op, int rank, int world_size);
/// What the reduction of all contributions is; exact with scales that are powers of two.
const Pattern& reduction(DType dtype, ReduceOp op, int world_size, Scales scales = {});
/// Numbers whose sum depends on the order of addition.
const Pattern& inexact_contribution(DType dtype, int rank);

enum class MemoryKind { kOrdinary, kArena, kMixed };  ///< kMixed: even ranks ordinary, odd ranks arena
inline constexpr MemoryKind kMemoryKinds[] = {MemoryKind::kOrdinary, MemoryKind::kArena, MemoryKind::kMixed};
const char* memory_kind_name(MemoryKind kind);

/// Memory for one buffer, with marks on both sides that must stay. Making one is collective.
class Workspace {
 public:
  Workspace(Communicator& communicator, MemoryKind kind, std::size_t max_bytes);
  /// The buffer; forgets the one before. `shift` elements later than the start of the memory.
  Buffer buffer(DType dtype, std::size_t count, std::size_t shift = 0);
  /// Whether nothing was written beside the buffer.
  testing::AssertionResult marks_intact() const;

 private:
  static constexpr std::size_t kMarkBytes = 64;
  std::size_t max_bytes_;
  SharedMemory shared_;
  std::vector<std::byte> ordinary_;
  std::byte* memory_;
  Buffer current_;
};

/// Block `index` of `buffer`, in blocks of `count` elements.
Buffer block_of(const Buffer& buffer, std::size_t count, std::size_t index);

/// Whether every rank holds the same bits; collective.
testing::AssertionResult equal_on_all_ranks(Communicator& communicator, const Buffer& buffer);

}  // namespace skein
