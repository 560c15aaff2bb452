#include "collectives/communicator.h"

namespace skein {
namespace {

Request allreduce_request(const Buffer& buffer, ReduceOp op, std::string_view name) {
  return {Operation::kAllreduce, buffer, buffer, op, 0, name};
}

Request broadcast_request(const Buffer& buffer, int root, std::string_view name) {
  return {Operation::kBroadcast, buffer, buffer, ReduceOp::kSum, root, name};
}

Deadline default_deadline() {
  return Deadline::after(kDefaultTimeout);
}

}  // namespace

void Communicator::allreduce(const Buffer& buffer, ReduceOp op, std::string_view name) {
  run(allreduce_request(buffer, op, name), default_deadline());
}

void Communicator::reduce_scatter(const Buffer& input, const Buffer& output, ReduceOp op, std::string_view name) {
  run({Operation::kReduceScatter, input, output, op, 0, name}, default_deadline());
}

void Communicator::allgather(const Buffer& input, const Buffer& output, std::string_view name) {
  run({Operation::kAllgather, input, output, ReduceOp::kSum, 0, name}, default_deadline());
}

void Communicator::broadcast(const Buffer& buffer, int root, std::string_view name) {
  run(broadcast_request(buffer, root, name), default_deadline());
}

void Communicator::barrier(std::string_view name) {
  run({Operation::kBarrier, {}, {}, ReduceOp::kSum, 0, name}, default_deadline());
}

Work Communicator::allreduce_async(const Buffer& buffer, ReduceOp op, std::string_view name) {
  return start(allreduce_request(buffer, op, name));
}

Work Communicator::reduce_scatter_async(const Buffer& input, const Buffer& output, ReduceOp op, std::string_view name) {
  return start({Operation::kReduceScatter, input, output, op, 0, name});
}

Work Communicator::allgather_async(const Buffer& input, const Buffer& output, std::string_view name) {
  return start({Operation::kAllgather, input, output, ReduceOp::kSum, 0, name});
}

Work Communicator::broadcast_async(const Buffer& buffer, int root, std::string_view name) {
  return start(broadcast_request(buffer, root, name));
}

}  // namespace skein
