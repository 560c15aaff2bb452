#pragma once
// The shared memory through which the ranks of a host take buffers that only their owners can reach.

#include <cstddef>
#include <span>
#include <vector>

#include "collectives/dtype.h"

namespace skein {

/// How a rank writes what another core is about to read: into its caches, as any store, or past them to memory.
/// Which is faster depends on where the cores are and changes when a virtual machine's are moved: a line that lies in the
/// caches of a far core can take ten times as long to get as from memory, one in a shared cache a third of it. So
/// every sixteenth copy writes a piece each way and takes the time of both. The result of no call depends on it.
/// Not thread-safe.
class StageWriter {
 public:
  enum class Stores { kMeasured, kCached, kStreamed };
  /// As SKEIN_STAGE_STORES says: measured, cached or streamed; measured unless set. Throws ConfigError.
  static Stores configured();

  explicit StageWriter(Stores stores = Stores::kMeasured)
      : measures_(stores == Stores::kMeasured), past_caches_(stores == Stores::kStreamed) {}

  /// As memcpy into a stage.
  void copy(std::byte* stage, const std::byte* from, std::size_t num_bytes);
  /// As reduce_buffers() into those of `output` and `stage` that are not null.
  void reduce(std::byte* output, std::byte* stage, std::span<const void* const> sources, std::size_t count, DType dtype,
              ReduceOp op, const Scales& scales);

 private:
  /// Returns how many bytes it copied.
  std::size_t measure(std::byte* stage, const std::byte* from, std::size_t num_bytes);

  bool measures_;
  bool past_caches_;              // how to write now
  bool past_was_faster_ = false;  // when last measured; two measurements in a row decide
  unsigned num_copies_ = 0;
  std::vector<std::byte> at_hand_;  // in the caches of this core
};

/// Of each rank a ring of kRingBytes that it fills for the others, and one more that all share. A call that goes through
/// the stages takes one piece of every ring for each of its chunks; pieces follow one another from call to call, so
/// that lines have left the caches of those who used them before they are written again (measured: 64 KiB and 256 KiB
/// take 0.6 and 0.4 times as long as with pieces that stay where they are). The pieces of two consecutive chunks of a call
/// do not overlap; the first of a call may lie where the last of the call before it lay.
class Stages {
 public:
  static constexpr std::size_t kRingBytes = 1024 * 1024;
  /// Of a piece at most: small enough for the caches (measured: from here on nothing is gained).
  static constexpr std::size_t kPieceBytes = kRingBytes / 2;
  static std::size_t num_bytes(int num_ranks) { return (num_ranks + 1) * kRingBytes; }

  Stages() = default;
  /// `memory` of num_bytes(num_ranks) must outlive this.
  Stages(std::byte* memory, int num_ranks, StageWriter::Stores stores)
      : memory_(memory), num_ranks_(num_ranks), writer_(stores) {}

  /// A call follows that takes pieces of `piece_bytes` each, at most kPieceBytes.
  void begin_call(std::size_t piece_bytes);
  /// A rank's piece of the `chunk`-th chunk of the current call, and the one that all share.
  std::byte* piece(int local_rank, std::size_t chunk) const { return memory_ + local_rank * kRingBytes + offset(chunk); }
  std::byte* shared_piece(std::size_t chunk) const { return piece(num_ranks_, chunk); }
  /// The current call took `num_chunks`. All ranks say so of the same calls, of the same size.
  void end_call(std::size_t num_chunks) { end_of_last_ = offset(num_chunks - 1) + piece_bytes_; }

  StageWriter& writer() { return writer_; }

 private:
  std::size_t offset(std::size_t chunk) const;

  std::byte* memory_ = nullptr;
  int num_ranks_ = 0;
  std::size_t end_of_last_ = 0;  // piece of the calls so far
  std::size_t piece_bytes_ = 1;  // of the current call
  std::size_t first_ = 0;        // its first piece, counted in pieces of its size
  StageWriter writer_;
};

}  // namespace skein
