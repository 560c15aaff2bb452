#include "trainer/parallel/reduce_sums.h"

namespace skein {

void reduce_sums(Communicator& communicator, std::span<double> values, std::string_view name) {
  communicator.allreduce({values.data(), values.size(), DType::kFloat64}, ReduceOp::kSum, name);
}

void reduce_sums(Communicator& communicator, std::span<std::int64_t> values, std::string_view name) {
  communicator.allreduce({values.data(), values.size(), DType::kInt64}, ReduceOp::kSum, name);
}

}  // namespace skein
