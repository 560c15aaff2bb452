#pragma once
// Norms of parameters, added up from the blocks that each owner has measured.

#include <cstdint>
#include <memory>
#include <vector>

#include "collectives/communicator.h"
#include "trainer/parallel/update_memory.h"

namespace skein {

/// Every owner writes the sums of squares of its blocks; after exchange() every owner adds all of them up in the same
/// order, so that a norm has the same bits however the blocks are dealt out.
class BlockNorms {
 public:
  enum Quantity { kGradients, kParameters, kDirections, kNumQuantities };

  /// How sums reach the other owners.
  struct Sharing {
    Communicator* all = nullptr;   ///< owners are its ranks, each with memory of its own; null: no exchange
    Communicator* host = nullptr;  ///< owners are its ranks, and the sums lie in their common memory
  };
  /// `counts`: elements of each parameter. Collective as `memory` is.
  BlockNorms(const std::vector<std::int64_t>& counts, const UpdateMemory& memory, const Sharing& sharing);

  /// Before owners write: their blocks are all that counts.
  void clear();
  void set(Quantity quantity, std::size_t parameter, std::int64_t block, double sum);
  /// Collective among the owners.
  void exchange();

  double sum_of_squares(Quantity quantity, std::size_t parameter) const;
  double norm(Quantity quantity, std::size_t parameter) const;

 private:
  std::size_t place(Quantity quantity, std::int64_t block) const { return quantity * num_blocks_ + block; }

  std::vector<std::int64_t> first_block_;  // by parameter, and one behind the last
  std::size_t num_blocks_;
  Sharing sharing_;
  std::shared_ptr<double> sums_;
};

}  // namespace skein
