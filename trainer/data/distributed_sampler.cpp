#include "trainer/data/distributed_sampler.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/counter_random.h"

namespace skein {

namespace {

size_t ceil_div(size_t value, size_t divisor) {
  return (value + divisor - 1) / divisor;
}

void check(const SamplerOptions& options) {
  if (options.num_samples == 0) throw UsageError("there is no sample to draw from");
  if (options.world_size < 1 || options.rank < 0 || options.rank >= options.world_size)
    throw UsageError(concat("rank ", options.rank, " of ", options.world_size, " ranks does not exist"));
  if (options.num_repeats < 1) throw UsageError(concat(options.num_repeats, " appearances of an image"), "ask for at least 1");
  if (options.batch_size == 0) throw UsageError("the batch size is 0", "ask for at least one image a rank");
  if (options.tail == TailMode::kDrop && options.num_samples < static_cast<size_t>(options.world_size))
    throw UsageError(
        concat(options.num_samples, " samples dropped to a multiple of ", options.world_size, " ranks leave none"),
        "use fewer ranks or another tail mode");
}

size_t count_positions(const SamplerOptions& options) {
  const size_t world_size = options.world_size;
  switch (options.tail) {
    case TailMode::kPad:
      return ceil_div(options.num_samples, world_size) * world_size;
    case TailMode::kDrop:
      return options.num_samples / world_size * world_size;
    case TailMode::kExact:
      break;
  }
  return options.num_samples;
}

}  // namespace

std::vector<size_t> epoch_permutation(size_t num_samples, uint64_t seed, uint64_t epoch) {
  std::vector<size_t> order(num_samples);
  std::iota(order.begin(), order.end(), size_t{0});
  CounterRandom random(seed, epoch, 0, RandomPurpose::kShuffle);
  for (size_t last = num_samples; last > 1; --last) std::swap(order[last - 1], order[random.below(last)]);
  return order;
}

DistributedSampler::DistributedSampler(const SamplerOptions& options) : options_(options) {
  check(options);
  num_positions_ = count_positions(options);
  if (options.first_position > num_positions_)
    throw UsageError(concat("position ", options.first_position, " of ", num_positions_, " is none"),
                     "resume at a position of this epoch");
}

size_t DistributedSampler::global_batch() const {
  return options_.batch_size * options_.world_size;
}

size_t DistributedSampler::num_steps() const {
  return ceil_div(num_positions_ - options_.first_position, global_batch());
}

size_t DistributedSampler::global_batch_samples(size_t step) const {
  const size_t start = options_.first_position + step * global_batch();
  return start >= num_positions_ ? 0 : std::min(global_batch(), num_positions_ - start);
}

// Both layouts deal a global batch of T positions as T / N each and one more to the first T mod N ranks.
size_t DistributedSampler::samples_at(size_t step, int rank) const {
  const size_t total = global_batch_samples(step), world_size = options_.world_size;
  return total / world_size + (static_cast<size_t>(rank) < total % world_size ? 1 : 0);
}

size_t DistributedSampler::local_samples(int rank) const {
  if (num_steps() == 0) return 0;
  const size_t last = num_steps() - 1;
  return last * options_.batch_size + samples_at(last, rank);
}

std::vector<size_t> DistributedSampler::samples_by_rank(size_t step) const {
  std::vector<size_t> counts(options_.world_size);
  for (int rank = 0; rank < options_.world_size; ++rank) counts[rank] = samples_at(step, rank);
  return counts;
}

size_t DistributedSampler::position(size_t step, size_t offset) const {
  const size_t start = options_.first_position + step * global_batch(), world_size = options_.world_size, rank = options_.rank;
  if (options_.layout == SampleLayout::kStrided) return start + offset * world_size + rank;
  const size_t total = global_batch_samples(step);
  const size_t block_start = rank * (total / world_size) + std::min(rank, total % world_size);
  return start + block_start + offset;
}

/// Where the position's image stands in the list in which an image's appearances are neighbours: of the `total` entries from `start` on,
/// first those that are first appearances, then the second ones, and so on.
size_t DistributedSampler::spread(size_t position, size_t start, size_t total) const {
  const auto repeats = static_cast<size_t>(options_.num_repeats);
  if (repeats == 1) return position;
  size_t left = position - start;
  for (size_t repeat = 0; repeat < repeats; ++repeat) {
    const size_t first = start + (repeat + repeats - start % repeats) % repeats;  // the first entry that is such an appearance
    const size_t count = first >= start + total ? 0 : ceil_div(start + total - first, repeats);
    if (left < count) return first + left * repeats;
    left -= count;
  }
  return position;  // not reached: the appearances of all kinds are `total`
}

EpochPlan DistributedSampler::plan(uint64_t epoch) const {
  std::vector<size_t> order;
  if (options_.shuffle) order = epoch_permutation(options_.num_samples, options_.seed, epoch);
  const auto repeats = static_cast<size_t>(options_.num_repeats);
  EpochPlan plan;
  plan.epoch = epoch;
  plan.samples.reserve(num_local_samples());
  for (size_t step = 0; step < num_steps(); ++step) {
    const size_t start = options_.first_position + step * global_batch(), total = global_batch_samples(step);
    const auto sample_at = [&](size_t position) {
      const size_t entry = spread(position, start, total) % options_.num_samples;  // past the end: the padding
      const size_t place = entry / repeats;
      return Sample{options_.shuffle ? order[place] : place, static_cast<uint32_t>(entry % repeats)};
    };
    const size_t count = samples_at(step, options_.rank);
    for (size_t offset = 0; offset < count; ++offset) plan.samples.push_back(sample_at(position(step, offset)));
    if (count == 0) continue;
    plan.first_positions.push_back(start);
    const size_t first = position(step, 0);
    plan.predecessors.push_back(sample_at(first == start ? start + total - 1 : first - 1));
  }
  return plan;
}

std::vector<size_t> DistributedSampler::indices(uint64_t epoch) const {
  std::vector<size_t> images;
  for (const Sample& sample : plan(epoch).samples) images.push_back(sample.image);
  return images;
}

}  // namespace skein
