#pragma once
// A collective of all ranks, as those that still have data make it among themselves.

#include <cstddef>
#include <span>
#include <vector>

#include "collectives/request.h"
#include "collectives/schedule.h"

namespace skein {

/// Renumbers the root, leaves out of what this rank sends the blocks for other ranks than the active ones, and gives
/// what it receives a place of its own until finish(). Where blocks are involved this costs a copy of them.
class ActiveRequest {
 public:
  /// `active` holds the ranks that take part, ascending, among them `rank` and the root where there is one. Borrows
  /// from `request` and `active`.
  ActiveRequest(const Request& request, int rank, int world_size, std::span<const int> active);

  /// What to ask of a communicator of the active ranks.
  const Request& request() const { return request_; }
  /// Once that is done: puts the blocks that came where they belong, and zeros where none comes from.
  void finish();

 private:
  void leave_out_of_input(std::span<const Range> blocks);
  void receive_apart(std::vector<Range> blocks);
  std::vector<std::size_t> kept(std::span<const std::size_t> counts) const;

  const Request& whole_;
  std::span<const int> active_;
  Request request_;
  std::vector<std::size_t> block_counts_;
  std::vector<std::size_t> recv_counts_;
  std::vector<std::byte> input_;
  std::vector<std::byte> output_;
  std::vector<Range> incoming_;  // by rank, where blocks come to this one
};

}  // namespace skein
