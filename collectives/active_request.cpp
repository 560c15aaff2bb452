#include "collectives/active_request.h"

#include <algorithm>

#include "collectives/copy_kernels.h"

namespace skein {
namespace {

std::byte* at(const Buffer& buffer, std::size_t element) {
  return static_cast<std::byte*>(buffer.data) + element * dtype_bytes(buffer.dtype);
}

/// Elements of each rank's block where all are alike.
std::size_t block_count(const Request& request, int world_size) {
  switch (request.operation) {
    case Operation::kReduceScatter:
    case Operation::kScatter:
      return request.output.count;
    case Operation::kAlltoall:
      return request.input.count / world_size;
    default:
      return request.input.count;
  }
}

}  // namespace

ActiveRequest::ActiveRequest(const Request& request, int rank, int world_size, std::span<const int> active)
    : whole_(request), active_(active), request_(request) {
  const auto root = std::lower_bound(active.begin(), active.end(), request.root) - active.begin();
  request_.root = has_root(request.operation) ? static_cast<int>(root) : 0;
  if (!request.block_counts.empty()) request_.block_counts = block_counts_ = kept(request.block_counts);
  if (!request.recv_counts.empty()) request_.recv_counts = recv_counts_ = kept(request.recv_counts);
  const std::vector<std::size_t> alike(world_size, block_count(request, world_size));
  const std::span<const std::size_t> sent = request.block_counts.empty() ? std::span(alike) : request.block_counts;
  const std::span<const std::size_t> received = request.recv_counts.empty() ? sent : request.recv_counts;
  const bool is_root = rank == request.root;
  const Operation operation = request.operation;
  if (operation == Operation::kReduceScatter || operation == Operation::kAlltoall ||
      (operation == Operation::kScatter && is_root))
    leave_out_of_input(consecutive(sent));
  if (operation == Operation::kAllgather || operation == Operation::kAlltoall ||
      (operation == Operation::kGather && is_root))
    receive_apart(consecutive(received));
}

std::vector<std::size_t> ActiveRequest::kept(std::span<const std::size_t> counts) const {
  std::vector<std::size_t> result;
  for (const int rank : active_) result.push_back(counts[rank]);
  return result;
}

void ActiveRequest::leave_out_of_input(std::span<const Range> blocks) {
  const std::size_t element = dtype_bytes(whole_.input.dtype);
  input_.resize(whole_.input.num_bytes());
  std::size_t filled = 0;
  for (const int rank : active_) {
    copy_large(input_.data() + filled, at(whole_.input, blocks[rank].begin), blocks[rank].count * element);
    filled += blocks[rank].count * element;
  }
  request_.input.data = input_.data();
  request_.input.count = filled / element;
}

void ActiveRequest::receive_apart(std::vector<Range> blocks) {
  incoming_ = std::move(blocks);
  std::size_t count = 0;
  for (const int rank : active_) count += incoming_[rank].count;
  request_.output.count = count;
  output_.resize(request_.output.num_bytes());
  request_.output.data = output_.data();
}

void ActiveRequest::finish() {
  const std::size_t element = dtype_bytes(whole_.output.dtype);
  const std::byte* arrived = output_.data();
  std::size_t next = 0;  // of the active ranks
  for (std::size_t rank = 0; rank < incoming_.size(); ++rank) {
    std::byte* const place = at(whole_.output, incoming_[rank].begin);
    const std::size_t num_bytes = incoming_[rank].count * element;
    if (next < active_.size() && active_[next] == static_cast<int>(rank)) {
      copy_large(place, arrived, num_bytes);
      arrived += num_bytes;
      ++next;
    } else {
      std::fill_n(place, num_bytes, std::byte{0});
    }
  }
}

}  // namespace skein
