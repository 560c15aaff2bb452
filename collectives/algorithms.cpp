#include "collectives/algorithms.h"

#include <bit>

namespace skein {
namespace {

int modulo(int value, int n) {
  return ((value % n) + n) % n;
}

}  // namespace

Schedule ring_reduce_scatter(int rank, std::span<const Range> chunks) {
  const int n = static_cast<int>(chunks.size());
  Schedule schedule;
  for (int step = 0; step + 1 < n; ++step) {
    // The last chunk received is the rank's own, so the first one sent is its left neighbour's.
    const Range& sent = chunks[modulo(rank - step - 1, n)];
    const Range& received = chunks[modulo(rank - step - 2, n)];
    schedule.push_back({modulo(rank + 1, n), sent, modulo(rank - 1, n), received, true});
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
  Schedule schedule = ring_reduce_scatter(rank, chunks);
  const Schedule second = ring_allgather(rank, chunks);
  schedule.insert(schedule.end(), second.begin(), second.end());
  return schedule;
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
    schedule.push_back({rank ^ distance, all, rank ^ distance, all, true});
  if (has_guest) schedule.push_back({rank + power, all, kNobody, {}, false});
  return schedule;
}

Schedule binomial_broadcast(int rank, int world_size, int root, std::size_t count) {
  const Range all{0, count};
  const int relative = modulo(rank - root, world_size);
  const auto absolute = [&](int position) { return (position + root) % world_size; };
  Schedule schedule;
  // A position's parent is itself without its highest bit; its children add a higher bit.
  int next = 1;
  if (relative != 0) {
    const int highest = static_cast<int>(std::bit_floor(static_cast<unsigned>(relative)));
    schedule.push_back({kNobody, {}, absolute(relative - highest), all, false});
    next = highest * 2;
  }
  for (int bit = next; relative + bit < world_size; bit *= 2)
    schedule.push_back({absolute(relative + bit), all, kNobody, {}, false});
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

Schedule dissemination_barrier(int rank, int world_size) {
  Schedule schedule;
  for (int distance = 1; distance < world_size; distance *= 2)
    schedule.push_back({modulo(rank + distance, world_size), {}, modulo(rank - distance, world_size), {}, false});
  return schedule;
}

}  // namespace skein
