#pragma once
// One collective, as a rank asks for it.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectives/buffer.h"
#include "collectives/call.h"
#include "collectives/capabilities.h"

namespace skein {

/// What each operation needs of it is said at the functions of Communicator. Everything here is borrowed until the
/// collective has completed; the name and the counts of an asynchronous one are copied.
struct Request {
  Operation operation = Operation::kBarrier;
  Buffer input;
  Buffer output;  ///< the same memory as `input` where an operation works in place
  ReduceOp reduce_op = ReduceOp::kSum;
  int root = 0;
  std::string_view name;  ///< appears in errors and logs and is compared between ranks
  Scales scales;
  /// float16 or bfloat16 for an allreduce or reduce of float32 (not Adasum): halves what travels between hosts. Partial
  /// sums of hosts are rounded to it each time they are sent, and the result once. Ranks of one host lose nothing, nor
  /// do messages of a few KiB, which travel as they are. The host backend alone.
  std::optional<DType> wire_dtype;
  /// Elements of every rank's block, by rank, where these differ; empty where all are alike. The same on all ranks,
  /// except that each rank gives an alltoall what it sends to each.
  std::span<const std::size_t> block_counts;
  std::span<const std::size_t> recv_counts;  ///< alltoall with block_counts: what comes from each rank
};

/// "allreduce 'layer3'", for messages.
std::string title_of(const Request& request);

/// A request whose name and counts outlive their caller's.
class OwnedRequest {
 public:
  explicit OwnedRequest(const Request& request)
      : request_(request),
        name_(request.name),
        block_counts_(request.block_counts.begin(), request.block_counts.end()),
        recv_counts_(request.recv_counts.begin(), request.recv_counts.end()) {}
  Request borrowed() const {
    Request request = request_;
    request.name = name_;
    request.block_counts = block_counts_;
    request.recv_counts = recv_counts_;
    return request;
  }

 private:
  Request request_;
  std::string name_;
  std::vector<std::size_t> block_counts_;
  std::vector<std::size_t> recv_counts_;
};

/// Throws UsageError for what makes no sense or what `backend` cannot do, by name.
void check_request(const Request& request, Backend backend, int rank, int world_size);

/// What the rank says it is about to do; the sequence is left to the caller. Borrows from `request`.
Call call_of(const Request& request, int world_size);

}  // namespace skein
