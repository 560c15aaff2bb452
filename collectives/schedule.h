#pragma once
// An algorithm is a pure function that returns the steps of one rank. Nothing here moves data; execute.h does.
//
// Vocabulary: a Range is a part of the buffer, in elements; a chunk is one of world_size nearly equal parts; a step is
// what a rank sends and receives before it goes on.

#include <cstddef>
#include <span>
#include <vector>

namespace skein {

struct Range {
  std::size_t begin = 0;
  std::size_t count = 0;
  std::size_t end() const { return begin + count; }
  bool operator==(const Range&) const = default;
};

inline constexpr int kNobody = -1;

/// Sends `send` to `send_to` while receiving `recv` from `recv_from`; either may be kNobody. What is received is
/// combined with what lies in `recv` when `reduce`, otherwise it replaces it. Where what is sent lies in a buffer of
/// its own (see Elements), `send` is a range of that one.
struct Step {
  int send_to = kNobody;
  Range send;
  int recv_from = kNobody;
  Range recv;
  bool reduce = false;
  bool completes = false;  ///< with `reduce`: all ranks' elements are in `recv` after this step
};
using Schedule = std::vector<Step>;

/// Puts `ranks[p]` in the place of each peer p.
void renumber(Schedule& schedule, std::span<const int> ranks);

/// Elements sent by one rank.
std::size_t elements_sent(const Schedule& schedule);

/// Blocks of the given lengths, one behind the other.
std::vector<Range> consecutive(std::span<const std::size_t> counts);

/// `count` elements in `num_chunks` contiguous parts that differ by at most one element, the larger ones first.
std::vector<Range> split_evenly(std::size_t count, int num_chunks);

}  // namespace skein
