#pragma once
// Which images a rank trains on, in which order: pure arithmetic, no communication, no torch.
//
// The order of an epoch is a permutation of {0, ..., num_samples - 1}, the same for every number of ranks. The tail
// mode turns it into a list of `num_positions` positions:
//
//   kPad     repeated from its start until divisible by world_size (torch's DistributedSampler, drop_last=False)
//   kDrop    cut off to a multiple of world_size (torch, drop_last=True)
//   kExact   as it is: every image exactly once over all ranks; ranks may differ by one image
//
// The layout deals the positions out. A step takes `world_size * batch_size` positions, the global batch:
//
//   kBlocks    rank r takes positions [s * N * B + r * B, + B) at step s; the last, shorter global batch of T
//              positions is dealt in blocks of T / N, the first T mod N ranks taking one more
//   kStrided   rank r takes positions r, r + N, r + 2N, ... (torch's order)
//
// With either, the images of step s over all ranks are those that one rank with batch N * B would take at step s; with
// kBlocks, concatenating the local batches in rank order gives that very batch.
//
// Repeated augmentation (Hoffer et al., "Augment Your Batch", 2020; Berman et al., "MultiGrain", 2019): with num_repeats R an epoch has as
// many positions as without, but only every R-th image of the permutation, each at R neighbouring positions. Within a global batch the
// first appearances come first, then the second ones, and so on: neighbours differ, so that MixUp finds something to mix.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skein {

enum class TailMode { kPad, kDrop, kExact };
enum class SampleLayout { kBlocks, kStrided };

struct SamplerOptions {
  size_t num_samples = 0;
  int world_size = 1;
  int rank = 0;
  size_t batch_size = 1;  ///< images a rank takes at a step
  uint64_t seed = 0;
  bool shuffle = true;
  TailMode tail = TailMode::kPad;
  SampleLayout layout = SampleLayout::kBlocks;
  int num_repeats = 1;        ///< appearances of an image in an epoch, each augmented differently
  size_t first_position = 0;  ///< the positions before it are done, by whatever number of ranks; steps count from it
};

/// One appearance of an image.
struct Sample {
  size_t image = 0;
  uint32_t repeat = 0;  ///< below num_repeats
  bool operator==(const Sample&) const = default;
};

/// What a rank trains on in an epoch, batch by batch.
struct EpochPlan {
  uint64_t epoch = 0;
  std::vector<Sample> samples;
  /// Of each batch: the image before its first one in the global batch, whose last one comes before the first. kBlocks only.
  std::vector<Sample> predecessors;
  std::vector<uint64_t> first_positions;  ///< of each batch: where the global batch begins
};

/// The order of an epoch: Fisher-Yates from the last position down, numbers from CounterRandom(seed, epoch,
/// 0, kShuffle).
std::vector<size_t> epoch_permutation(size_t num_samples, uint64_t seed, uint64_t epoch);

/// Immutable; any number of threads may use it.
class DistributedSampler {
 public:
  /// Throws UsageError for no samples, an impossible rank or batch size, or kDrop with fewer samples than
  /// ranks, a first position behind the last one, or fewer than one appearance.
  explicit DistributedSampler(const SamplerOptions& options);

  /// This rank's share, in the order of use: `batch_size` images at each step, possibly fewer at the last.
  EpochPlan plan(uint64_t epoch) const;
  /// The images alone.
  std::vector<size_t> indices(uint64_t epoch) const;

  /// Steps of an epoch, the same on all ranks. At the last step some ranks may have no image (kExact only).
  size_t num_steps() const;
  /// Images of this rank in an epoch.
  size_t num_local_samples() const { return local_samples(options_.rank); }
  /// Images of all ranks in an epoch, repeated ones included.
  size_t num_positions() const { return num_positions_; }
  /// Images each rank takes at a step, by rank: the weights of an uneven last batch, known without
  /// communication.
  std::vector<size_t> samples_by_rank(size_t step) const;
  /// Their sum.
  size_t global_batch_samples(size_t step) const;

  const SamplerOptions& options() const { return options_; }

 private:
  size_t global_batch() const;
  size_t local_samples(int rank) const;
  size_t samples_at(size_t step, int rank) const;
  size_t position(size_t step, size_t offset) const;
  size_t spread(size_t position, size_t start, size_t total) const;

  SamplerOptions options_;
  size_t num_positions_;
};

}  // namespace skein
