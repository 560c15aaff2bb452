#include "trainer/parallel/block_norms.h"

#include <algorithm>
#include <cmath>

#include "trainer/parallel/update_plan.h"

namespace skein {
namespace {

std::vector<std::int64_t> first_blocks(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> result{0};
  for (const std::int64_t count : counts) result.push_back(result.back() + num_blocks(count));
  return result;
}

}  // namespace

BlockNorms::BlockNorms(const std::vector<std::int64_t>& counts, const UpdateMemory& memory, const Sharing& sharing)
    : first_block_(first_blocks(counts)),
      num_blocks_(static_cast<std::size_t>(first_block_.back())),
      sharing_(sharing),
      sums_(memory.doubles(kNumQuantities * num_blocks_)) {}

/// In common memory every block has its one writer.
void BlockNorms::clear() {
  if (sharing_.all != nullptr) std::fill_n(sums_.get(), kNumQuantities * num_blocks_, 0.0);
}

void BlockNorms::set(Quantity quantity, std::size_t parameter, std::int64_t block, double sum) {
  sums_.get()[place(quantity, first_block_[parameter] + block)] = sum;
}

void BlockNorms::exchange() {
  if (sharing_.host != nullptr) sharing_.host->barrier("norms are measured");
  if (sharing_.all != nullptr)
    sharing_.all->allreduce({sums_.get(), kNumQuantities * num_blocks_, DType::kFloat64}, ReduceOp::kSum, "norms");
}

double BlockNorms::sum_of_squares(Quantity quantity, std::size_t parameter) const {
  double sum = 0;
  for (std::int64_t block = first_block_[parameter]; block < first_block_[parameter + 1]; ++block)
    sum += sums_.get()[place(quantity, block)];
  return sum;
}

double BlockNorms::norm(Quantity quantity, std::size_t parameter) const {
  return std::sqrt(sum_of_squares(quantity, parameter));
}

}  // namespace skein
