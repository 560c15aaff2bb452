#pragma once
// How a call between hosts begins: all ranks learn whether they ask for the same thing, before any data moves.

#include <cstdint>
#include <span>
#include <vector>

#include "collectives/dtype.h"
#include "collectives/transport.h"

namespace skein {

/// Data so short that it travels with the agreement, which then is the whole allreduce.
struct SmallPayload {
  std::byte* data = nullptr;  ///< becomes the reduction over all hosts
  std::size_t count = 0;
  DType dtype = DType::kUInt8;
  ReduceOp op = ReduceOp::kSum;
  std::size_t num_bytes() const { return count * dtype_bytes(dtype); }
};
inline constexpr std::size_t kMostPayloadBytes = 16 * 1024;
/// What travels besides the payload.
inline constexpr std::size_t kAgreementBytes = 2 * sizeof(std::uint64_t);

/// By recursive doubling among `peers`, one rank of each host, of which the caller is number `host`. `digests` are
/// those of the caller's host. min(d) and min(~d) over all digests d belong together only when all d are equal: every
/// rank carries these two, so all learn the same. Messages are alike for all calls, whatever they are, but for the
/// payload, so that ranks that disagree still meet. False when they do; the payload then means nothing.
bool agree_between_hosts(Transport& transport, std::span<const int> peers, int host,
                         std::span<const std::uint64_t> digests, const SmallPayload& payload, Tag tag,
                         Deadline deadline);

}  // namespace skein
