#pragma once
// Any collective with any arguments, and what must come of it.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "tests/collectives/conformance/pattern.h"

namespace skein {

using Random = std::mt19937_64;
inline std::size_t below(Random& random, std::size_t limit) {
  return limit == 0 ? 0 : random() % limit;
}

/// One call of all ranks of a communicator.
struct Case {
  Operation operation = Operation::kAllreduce;
  DType dtype = DType::kFloat32;
  ReduceOp op = ReduceOp::kSum;
  int root = 0;
  Scales scales;
  std::optional<DType> wire;  ///< type in which elements travel between hosts
  /// Elements of each rank's block; of operations without blocks the first is the buffer's. alltoall: row by row what
  /// each rank sends to each.
  std::vector<std::size_t> counts;
  bool ragged = false;         ///< the counts are given with the call
  bool in_place = false;       ///< where the operation knows it
  std::uint64_t in_arena = 0;  ///< bit r: rank r's input, bit 32 + r: its output
  std::size_t shift = 0;       ///< elements between the start of the memory and the buffer
  std::vector<int> active;     ///< ranks that take part, ascending, among them the root; empty: all

  std::string describe() const;
};

/// How many counts a case of `operation` has.
std::size_t num_counts(Operation operation, int world_size);

/// The same in a JoinScope of which only the ranks `active` are left; its root is one of them.
Case among(Case the_case, const std::vector<int>& active);

/// Case number `seed` for `world_size` ranks, whose buffers take up to `max_bytes`. The same on all ranks.
Case random_case(std::uint64_t seed, int world_size, std::size_t max_bytes);

/// Memory and checks for one case at a time. Collective where said.
class CaseRunner {
 public:
  /// Collective.
  CaseRunner(Communicator& communicator, std::size_t max_bytes);
  ~CaseRunner();

  /// Fills the buffers; the request refers to this object.
  const Request& prepare(const Case& the_case);
  /// Whether the call has done what it should, to this rank's buffers and to nothing else.
  testing::AssertionResult verify() const;

 private:
  class Memory;
  Buffer input_buffer() const;
  Buffer output_buffer(const Buffer& input) const;
  void fill_input() const;
  testing::AssertionResult input_unchanged() const;
  testing::AssertionResult output_right() const;
  testing::AssertionResult blocks_right() const;
  int num_active() const;
  bool is_active(int rank) const;
  const Pattern& given_by(int rank) const;
  std::size_t count_for(int rank) const;
  std::size_t total() const;
  std::size_t before(int rank) const;
  std::size_t pair(int from, int to) const;

  Communicator& communicator_;
  std::unique_ptr<Memory> input_memory_;
  std::unique_ptr<Memory> output_memory_;
  Case case_;
  Request request_;
  std::vector<std::size_t> send_counts_;
  std::vector<std::size_t> recv_counts_;
};

}  // namespace skein
