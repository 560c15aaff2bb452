#include "collectives/algorithms.h"

#include <algorithm>
#include <bit>

namespace skein {
namespace {

int modulo(int value, int n) {
  return ((value % n) + n) % n;
}

Schedule in_sequence(Schedule first, const Schedule& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// `num_blocks` consecutive blocks from `first` on, beginning again behind the last one: one or two ranges.
std::vector<Range> wrapped(std::span<const Range> blocks, int first, int num_blocks) {
  const int n = static_cast<int>(blocks.size());
  const int until_end = std::min(num_blocks, n - first);
  const auto joined = [&](int begin, int end) {
    return Range{blocks[begin].begin, blocks[end - 1].end() - blocks[begin].begin};
  };
  std::vector<Range> ranges{joined(first, first + until_end)};
  if (until_end < num_blocks) ranges.push_back(joined(0, num_blocks - until_end));
  return ranges;
}

/// A round of the circulant graph: what a rank sends one way and receives the other way, in one or two steps.
void add_round(Schedule& schedule, int send_to, const std::vector<Range>& sent, int recv_from,
               const std::vector<Range>& received, bool reduce, bool completes) {
  for (std::size_t i = 0; i < std::max(sent.size(), received.size()); ++i) {
    Step step;
    step.reduce = reduce;
    step.completes = completes;
    if (i < sent.size()) {
      step.send_to = send_to;
      step.send = sent[i];
    }
    if (i < received.size()) {
      step.recv_from = recv_from;
      step.recv = received[i];
    }
    schedule.push_back(step);
  }
}

}  // namespace

Schedule ring_reduce_scatter(int rank, std::span<const Range> chunks) {
  const int n = static_cast<int>(chunks.size());
  Schedule schedule;
  for (int step = 0; step + 1 < n; ++step) {
    // The last chunk received is the rank's own, so the first one sent is its left neighbour's.
    const Range& sent = chunks[modulo(rank - step - 1, n)];
    const Range& received = chunks[modulo(rank - step - 2, n)];
    schedule.push_back({modulo(rank + 1, n), sent, modulo(rank - 1, n), received, true, step + 2 == n});
  }
  return schedule;
}

Schedule ring_allgather(int rank, std::span<const Range> chunks) {
  const int n = static_cast<int>(chunks.size());
  Schedule schedule;
  for (int step = 0; step + 1 < n; ++step) {
    const Range& sent = chunks[modulo(rank - step, n)];
    const Range& received = chunks[modulo(rank - step - 1, n)];
    schedule.push_back({modulo(rank + 1, n), sent, modulo(rank - 1, n), received, false});
  }
  return schedule;
}

Schedule ring_allreduce(int rank, std::span<const Range> chunks) {
  return in_sequence(ring_reduce_scatter(rank, chunks), ring_allgather(rank, chunks));
}

Schedule recursive_doubling_allreduce(int rank, int world_size, std::size_t count) {
  const Range all{0, count};
  const int power = static_cast<int>(std::bit_floor(static_cast<unsigned>(world_size)));
  Schedule schedule;
  if (rank >= power) {
    schedule.push_back({rank - power, all, kNobody, {}, false});
    schedule.push_back({kNobody, {}, rank - power, all, false});
    return schedule;
  }
  const bool has_guest = rank + power < world_size;
  if (has_guest) schedule.push_back({kNobody, {}, rank + power, all, true});
  for (int distance = 1; distance < power; distance *= 2)
    schedule.push_back({rank ^ distance, all, rank ^ distance, all, true, distance * 2 == power});
  if (has_guest) schedule.push_back({rank + power, all, kNobody, {}, false});
  return schedule;
}

Schedule doubling_allgather(int rank, std::span<const Range> blocks) {
  const int n = static_cast<int>(blocks.size());
  Schedule schedule;
  for (int distance = 1; distance < n; distance *= 2) {
    const int num_blocks = std::min(distance, n - distance);
    const int from = modulo(rank + distance, n);
    add_round(schedule, modulo(rank - distance, n), wrapped(blocks, rank, num_blocks), from,
              wrapped(blocks, from, num_blocks), false, false);
  }
  return schedule;
}

Schedule halving_reduce_scatter(int rank, std::span<const Range> blocks) {
  const int n = static_cast<int>(blocks.size());
  Schedule schedule;
  for (int distance = n > 1 ? static_cast<int>(std::bit_floor(static_cast<unsigned>(n - 1))) : 0; distance >= 1;
       distance /= 2) {
    const int num_blocks = std::min(distance, n - distance);
    const int to = modulo(rank + distance, n);
    add_round(schedule, to, wrapped(blocks, to, num_blocks), modulo(rank - distance, n),
              wrapped(blocks, rank, num_blocks), true, distance == 1);
  }
  return schedule;
}

Schedule halving_doubling_allreduce(int rank, std::span<const Range> chunks) {
  return in_sequence(halving_reduce_scatter(rank, chunks), doubling_allgather(rank, chunks));
}

Schedule binomial_broadcast(int rank, int world_size, int root, std::size_t count) {
  const Range all{0, count};
  const int relative = modulo(rank - root, world_size);
  const auto absolute = [&](int position) { return (position + root) % world_size; };
  Schedule schedule;
  // A position's parent is itself without its lowest bit, so that neighbours hang together; its children add a lower bit.
  const int lowest = relative == 0 ? static_cast<int>(std::bit_ceil(static_cast<unsigned>(world_size)))
                                   : 1 << std::countr_zero(static_cast<unsigned>(relative));
  if (relative != 0) schedule.push_back({kNobody, {}, absolute(relative - lowest), all, false});
  for (int bit = lowest / 2; bit > 0; bit /= 2)
    if (relative + bit < world_size) schedule.push_back({absolute(relative + bit), all, kNobody, {}, false});
  return schedule;
}

Schedule chain_broadcast(int rank, int world_size, int root, std::size_t count) {
  const Range all{0, count};
  const int position = modulo(rank - root, world_size);
  Schedule schedule;
  if (position != 0) schedule.push_back({kNobody, {}, modulo(rank - 1, world_size), all, false});
  if (position + 1 < world_size) schedule.push_back({modulo(rank + 1, world_size), all, kNobody, {}, false});
  return schedule;
}

Schedule linear_gather(int rank, int root, std::span<const Range> blocks, Range own) {
  if (rank != root) return {{root, own, kNobody, {}, false}};
  Schedule schedule;
  for (int from = 0; from < static_cast<int>(blocks.size()); ++from)
    if (from != root) schedule.push_back({kNobody, {}, from, blocks[from], false});
  return schedule;
}

Schedule linear_scatter(int rank, int root, std::span<const Range> blocks, Range own) {
  if (rank != root) return {{kNobody, {}, root, own, false}};
  Schedule schedule;
  for (int to = 0; to < static_cast<int>(blocks.size()); ++to)
    if (to != root) schedule.push_back({to, blocks[to], kNobody, {}, false});
  return schedule;
}

Schedule pairwise_alltoall(int rank, std::span<const Range> sent, std::span<const Range> received) {
  const int n = static_cast<int>(sent.size());
  Schedule schedule;
  for (int distance = 1; distance < n; ++distance) {
    const int to = modulo(rank + distance, n);
    const int from = modulo(rank - distance, n);
    schedule.push_back({to, sent[to], from, received[from], false});
  }
  return schedule;
}

}  // namespace skein
