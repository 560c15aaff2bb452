#include "collectives/communicator.h"

#include <cstring>
#include <map>

namespace skein {
namespace {

Request allreduce_request(const Buffer& input, const Buffer& output, ReduceOp op, std::string_view name,
                          Scales scales) {
  return {.operation = Operation::kAllreduce,
          .input = input,
          .output = output,
          .reduce_op = op,
          .name = name,
          .scales = scales};
}

Request reduce_scatter_request(const Buffer& input, const Buffer& output, ReduceOp op, std::string_view name,
                               std::span<const std::size_t> block_counts, Scales scales) {
  return {.operation = Operation::kReduceScatter,
          .input = input,
          .output = output,
          .reduce_op = op,
          .name = name,
          .scales = scales,
          .block_counts = block_counts};
}

/// Of the operations that move blocks.
Request movement_request(Operation operation, const Buffer& input, const Buffer& output, int root,
                         std::string_view name, std::span<const std::size_t> block_counts = {},
                         std::span<const std::size_t> recv_counts = {}) {
  return {.operation = operation,
          .input = input,
          .output = output,
          .root = root,
          .name = name,
          .block_counts = block_counts,
          .recv_counts = recv_counts};
}

/// Buffers of one element type, one behind the other in memory of their own.
class Fused {
 public:
  void add(const Buffer& buffer) {
    parts_.push_back(buffer);
    count_ += buffer.count;
  }
  Buffer pack() {
    memory_.resize(count_ * dtype_bytes(parts_[0].dtype));
    std::byte* to = memory_.data();
    for (const Buffer& part : parts_) {
      if (part.count != 0) std::memcpy(to, part.data, part.num_bytes());
      to += part.num_bytes();
    }
    return {memory_.data(), count_, parts_[0].dtype};
  }
  void unpack() const {
    const std::byte* from = memory_.data();
    for (const Buffer& part : parts_) {
      if (part.count != 0) std::memcpy(part.data, from, part.num_bytes());
      from += part.num_bytes();
    }
  }

 private:
  std::vector<Buffer> parts_;
  std::size_t count_ = 0;
  std::vector<std::byte> memory_;
};

}  // namespace

void Communicator::allreduce(const Buffer& buffer, ReduceOp op, std::string_view name, Scales scales) {
  run(allreduce_request(buffer, buffer, op, name, scales), Deadline::after(timeout()));
}

void Communicator::allreduce(const Buffer& input, const Buffer& output, ReduceOp op, std::string_view name,
                             Scales scales) {
  run(allreduce_request(input, output, op, name, scales), Deadline::after(timeout()));
}

void Communicator::allreduce(std::span<const Buffer> buffers, ReduceOp op, std::string_view name, Scales scales) {
  if (op == ReduceOp::kAdasum) {
    for (const Buffer& buffer : buffers) allreduce(buffer, op, name, scales);
    return;
  }
  std::map<DType, Fused> by_dtype;
  for (const Buffer& buffer : buffers) by_dtype[buffer.dtype].add(buffer);
  for (auto& [dtype, fused] : by_dtype) {
    allreduce(fused.pack(), op, name, scales);
    fused.unpack();
  }
}

void Communicator::reduce(const Buffer& input, const Buffer& output, int root, ReduceOp op, std::string_view name,
                          Scales scales) {
  run({.operation = Operation::kReduce,
       .input = input,
       .output = output,
       .reduce_op = op,
       .root = root,
       .name = name,
       .scales = scales},
      Deadline::after(timeout()));
}

void Communicator::reduce_scatter(const Buffer& input, const Buffer& output, ReduceOp op, std::string_view name,
                                  std::span<const std::size_t> block_counts, Scales scales) {
  run(reduce_scatter_request(input, output, op, name, block_counts, scales), Deadline::after(timeout()));
}

void Communicator::allgather(const Buffer& input, const Buffer& output, std::string_view name,
                             std::span<const std::size_t> block_counts) {
  run(movement_request(Operation::kAllgather, input, output, 0, name, block_counts), Deadline::after(timeout()));
}

void Communicator::gather(const Buffer& input, const Buffer& output, int root, std::string_view name,
                          std::span<const std::size_t> block_counts) {
  run(movement_request(Operation::kGather, input, output, root, name, block_counts), Deadline::after(timeout()));
}

void Communicator::scatter(const Buffer& input, const Buffer& output, int root, std::string_view name,
                           std::span<const std::size_t> block_counts) {
  run(movement_request(Operation::kScatter, input, output, root, name, block_counts), Deadline::after(timeout()));
}

void Communicator::broadcast(const Buffer& buffer, int root, std::string_view name) {
  run(movement_request(Operation::kBroadcast, buffer, buffer, root, name), Deadline::after(timeout()));
}

void Communicator::alltoall(const Buffer& input, const Buffer& output, std::string_view name,
                            std::span<const std::size_t> send_counts, std::span<const std::size_t> recv_counts) {
  run(movement_request(Operation::kAlltoall, input, output, 0, name, send_counts, recv_counts), Deadline::after(timeout()));
}

void Communicator::barrier(std::string_view name) {
  run({.operation = Operation::kBarrier, .name = name}, Deadline::after(timeout()));
}

Work Communicator::allreduce_async(const Buffer& buffer, ReduceOp op, std::string_view name, Scales scales) {
  return start(allreduce_request(buffer, buffer, op, name, scales));
}

Work Communicator::reduce_scatter_async(const Buffer& input, const Buffer& output, ReduceOp op, std::string_view name,
                                        std::span<const std::size_t> block_counts, Scales scales) {
  return start(reduce_scatter_request(input, output, op, name, block_counts, scales));
}

Work Communicator::allgather_async(const Buffer& input, const Buffer& output, std::string_view name,
                                   std::span<const std::size_t> block_counts) {
  return start(movement_request(Operation::kAllgather, input, output, 0, name, block_counts));
}

Work Communicator::broadcast_async(const Buffer& buffer, int root, std::string_view name) {
  return start(movement_request(Operation::kBroadcast, buffer, buffer, root, name));
}

Work Communicator::alltoall_async(const Buffer& input, const Buffer& output, std::string_view name,
                                  std::span<const std::size_t> send_counts, std::span<const std::size_t> recv_counts) {
  return start(movement_request(Operation::kAlltoall, input, output, 0, name, send_counts, recv_counts));
}

}  // namespace skein
