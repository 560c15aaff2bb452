#include "collectives/request.h"

#include <cstdint>
#include <functional>
#include <numeric>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// The checks of one request; each throws UsageError. Texts are put together only when they are needed: this is on the
/// path of every call.
class Checks {
 public:
  Checks(const Request& request, int rank, int world_size)
      : request_(request), rank_(rank), world_size_(world_size), is_root_(rank == request.root) {}

  void memory(const Buffer& buffer) const {
    require(buffer.device.kind == Device::Kind::kCpu, "the host communicator works on CPU memory only");
    require(buffer.data != nullptr || buffer.count == 0, "the buffer of ", buffer.count, " elements is null");
    require(reinterpret_cast<std::uintptr_t>(buffer.data) % dtype_bytes(buffer.dtype) == 0,
            "the buffer is not aligned to its element type, ", dtype_name(buffer.dtype));
  }

  void backend(Backend backend) const {
    const DType dtype = call_of(request_, world_size_).dtype;
    const std::string why = why_unsupported(backend, request_.operation, dtype, request_.reduce_op);
    require(why.empty(), why);
    require(request_.scales == Scales{} || (reduces(request_.operation) && is_floating(dtype)),
            "scales are for reductions of floating-point elements, not for ", dtype_name(dtype));
    require(request_.scales == Scales{} || request_.reduce_op != ReduceOp::kAdasum,
            "Adasum takes no scales: it does not depend on the length of its summands");
  }

  void wire() const {
    if (!request_.wire_dtype) return;
    const DType wire = *request_.wire_dtype;
    require(wire == DType::kFloat16 || wire == DType::kBFloat16, "elements travel as float16, bfloat16 or as they are, not as ",
            dtype_name(wire));
    const bool fits = (request_.operation == Operation::kAllreduce || request_.operation == Operation::kReduce) &&
                      request_.input.dtype == DType::kFloat32 && request_.reduce_op != ReduceOp::kAdasum;
    require(fits, "only an allreduce or a reduce of float32, not with Adasum, can travel as ", dtype_name(wire));
  }

  void root() const {
    require(request_.root >= 0 && request_.root < world_size_, "root ", request_.root,
            " is not a rank of this communicator of ", world_size_);
  }

  void counts() const {
    const std::size_t num_given = request_.block_counts.size();
    const bool takes_counts = request_.operation == Operation::kAllgather || request_.operation == Operation::kGather ||
                              request_.operation == Operation::kScatter || request_.operation == Operation::kAlltoall ||
                              request_.operation == Operation::kReduceScatter;
    require(num_given == 0 || takes_counts, "all ranks' buffers have the same length; counts of blocks mean nothing");
    require(num_given == 0 || num_given == static_cast<std::size_t>(world_size_), "there must be a count for each of ",
            world_size_, " ranks, there are ", num_given);
    const std::size_t expected = request_.operation == Operation::kAlltoall ? num_given : 0;
    require(request_.recv_counts.size() == expected,
            "counts to receive belong to an alltoall and go with counts to send");
  }

  void shapes() const {
    switch (request_.operation) {
      case Operation::kAllreduce:
        return equal_buffers();
      case Operation::kReduce:
      case Operation::kBroadcast:
        if (is_root_) equal_buffers();
        return;
      case Operation::kReduceScatter:
        return blocks(request_.input, request_.output);
      case Operation::kAllgather:
        return blocks(request_.output, request_.input);
      case Operation::kGather:
        return is_root_ ? blocks(request_.output, request_.input) : own_block(request_.input);
      case Operation::kScatter:
        return is_root_ ? blocks(request_.input, request_.output) : own_block(request_.output);
      case Operation::kAlltoall:
        return alltoall();
      case Operation::kBarrier:
        return;
    }
  }

 private:
  template <class... Parts>
  void require(bool condition, const Parts&... what) const {
    if (!condition) throw UsageError(concat(operation_name(request_.operation), ": ", what...));
  }

  static bool overlap(const Buffer& a, const Buffer& b) {
    const auto* a_begin = static_cast<const std::byte*>(a.data);
    const auto* b_begin = static_cast<const std::byte*>(b.data);
    const std::less<> before;
    return before(a_begin, b_begin + b.num_bytes()) && before(b_begin, a_begin + a.num_bytes());
  }

  void same_dtype() const {
    require(request_.input.dtype == request_.output.dtype, "input and output differ in dtype");
  }

  void equal_buffers() const {
    same_dtype();
    require(request_.input.count == request_.output.count, "input and output differ in length: ", request_.input.count,
            " and ", request_.output.count);
    require(request_.input.data == request_.output.data || !overlap(request_.input, request_.output),
            "input and output overlap without being the same");
  }

  void own_block(const Buffer& part) const {
    if (request_.block_counts.empty()) return;
    require(part.count == request_.block_counts[rank_], "this rank's buffer holds ", part.count,
            " elements, its block has ", request_.block_counts[rank_]);
  }

  /// `whole` holds a block for each rank, `part` this rank's, and the only overlap allowed is in place.
  void blocks(const Buffer& whole, const Buffer& part) const {
    same_dtype();
    own_block(part);
    const std::span<const std::size_t> counts = request_.block_counts;
    const bool alike = counts.empty();
    const std::size_t total =
        alike ? part.count * world_size_ : std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    require(whole.count == total, "the larger buffer must hold ", total, " elements for ", world_size_,
            " ranks, it holds ", whole.count);
    const std::size_t before =
        alike ? rank_ * part.count : std::accumulate(counts.begin(), counts.begin() + rank_, std::size_t{0});
    const auto* own = static_cast<const std::byte*>(whole.data) + before * dtype_bytes(whole.dtype);
    require(!overlap(whole, part) || part.data == own,
            "input and output overlap other than in place at this rank's own block");
  }

  void alltoall() const {
    same_dtype();
    require(!overlap(request_.input, request_.output), "input and output overlap; it does not work in place");
    if (request_.block_counts.empty()) {
      require(request_.input.count == request_.output.count, "input and output differ in length");
      require(request_.input.count % world_size_ == 0, request_.input.count, " elements are not a block for each of ",
              world_size_, " ranks");
      return;
    }
    const auto check = [&](const char* which, const Buffer& buffer, std::span<const std::size_t> counts) {
      const std::size_t total = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
      require(buffer.count == total, "the ", which, " holds ", buffer.count, " elements, its blocks ", total);
    };
    check("input", request_.input, request_.block_counts);
    check("output", request_.output, request_.recv_counts);
  }

  const Request& request_;
  int rank_;
  int world_size_;
  bool is_root_;
};

}  // namespace

void check_request(const Request& request, Backend backend, int rank, int world_size) {
  const Checks checks(request, rank, world_size);
  checks.memory(request.input);
  checks.memory(request.output);
  checks.backend(backend);
  checks.wire();
  checks.root();
  checks.counts();
  checks.shapes();
}

std::string title_of(const Request& request) {
  const std::string operation(operation_name(request.operation));
  return request.name.empty() ? operation : concat(operation, " '", request.name, "'");
}

Call call_of(const Request& request, int world_size) {
  Call call;
  call.operation = request.operation;
  const bool says_input = request.operation == Operation::kReduce || request.operation == Operation::kAllgather ||
                          request.operation == Operation::kGather || request.operation == Operation::kAlltoall;
  const Buffer& buffer = says_input ? request.input : request.output;  // one that every rank has
  call.dtype = buffer.dtype;
  call.count = buffer.count;
  if (request.operation == Operation::kAlltoall) {
    call.pairwise_counts = !request.block_counts.empty();
    call.count = call.pairwise_counts ? 0 : buffer.count / world_size;
  } else if (!request.block_counts.empty()) {
    call.block_counts = request.block_counts;
    call.count = std::accumulate(call.block_counts.begin(), call.block_counts.end(), std::size_t{0});
  }
  call.reduce_op = request.reduce_op;
  call.root = request.root;
  call.scales = request.scales;
  call.wire_dtype = request.wire_dtype;
  call.name = request.name;
  return call;
}

}  // namespace skein
