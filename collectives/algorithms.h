#pragma once
// The schedules. Every function is pure: (rank, world_size, chunks or count) -> the steps of that rank.
// `chunks` are the parts of the buffer, one for each rank, in rank order; they may differ in length or be empty.

#include <span>

#include "collectives/schedule.h"

namespace skein {

/// Ring: world_size - 1 steps; rank r ends with chunk r reduced over all ranks. Sends (n-1)/n of the buffer.
/// Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations",
/// J. Parallel Distrib. Comput. 69 (2009), doi:10.1016/j.jpdc.2008.09.002.
Schedule ring_reduce_scatter(int rank, std::span<const Range> chunks);
/// Ring: rank r starts with chunk r, every rank ends with all. Same paper.
Schedule ring_allgather(int rank, std::span<const Range> chunks);
/// ring_reduce_scatter, then ring_allgather: 2(n-1) steps, 2(n-1)/n of the buffer.
Schedule ring_allreduce(int rank, std::span<const Range> chunks);

/// Recursive doubling: log2(n) steps of the whole buffer; ranks above the largest power of two fold in first and are
/// told the result last. Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH",
/// Int. J. High Perform. Comput. Appl. 19 (2005), doi:10.1177/1094342005051521.
Schedule recursive_doubling_allreduce(int rank, int world_size, std::size_t count);

/// Doubling on a circulant graph, for any number of ranks: ceil(log2(n)) rounds; in the round of distance d a rank passes
/// on the d blocks it has, those from its own upwards, to the rank d below it. A round whose blocks wrap around takes two
/// steps. Bruck, Ho, Kipnis, Upfal, Weathersby, "Efficient algorithms for all-to-all communications in multiport
/// message-passing systems", IEEE Trans. Parallel Distrib. Syst. 8 (1997), doi:10.1109/71.642949.
Schedule doubling_allgather(int rank, std::span<const Range> blocks);
/// The same rounds backwards, with sums in the place of copies: rank r ends with block r reduced over all ranks.
/// Traff, "Optimal, non-pipelined reduce-scatter and allreduce algorithms" (2024), arXiv:2410.14234.
Schedule halving_reduce_scatter(int rank, std::span<const Range> blocks);
/// halving_reduce_scatter, then doubling_allgather: 2 ceil(log2(n)) rounds, 2(n-1)/n of the buffer.
Schedule halving_doubling_allreduce(int rank, std::span<const Range> chunks);

/// Binomial tree from root: ceil(log2(n)) steps of the whole buffer. Same paper as recursive doubling.
Schedule binomial_broadcast(int rank, int world_size, int root, std::size_t count);
/// Chain from root: every rank passes on what comes, segment by segment, so that all links are busy at once.
/// van de Geijn and Watts, "SUMMA: scalable universal matrix multiplication algorithm", Concurrency 9 (1997),
/// doi:10.1002/(SICI)1096-9128(199704)9:4<255::AID-CPE250>3.0.CO;2-2 (pipelined broadcast).
Schedule chain_broadcast(int rank, int world_size, int root, std::size_t count);

/// Everybody's block straight to root, or root's blocks straight to everybody, one after the other: root's link is the
/// bound either way. `own` is where the caller's block lies in its own buffer, `blocks` where they lie at root.
Schedule linear_gather(int rank, int root, std::span<const Range> blocks, Range own);
Schedule linear_scatter(int rank, int root, std::span<const Range> blocks, Range own);

/// Pairwise exchange: in step k every rank sends to the k-th rank behind it and receives from the k-th before it, so
/// that each link carries one message at a time. Same paper as recursive doubling.
Schedule pairwise_alltoall(int rank, std::span<const Range> sent, std::span<const Range> received);

}  // namespace skein
