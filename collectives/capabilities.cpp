#include "collectives/capabilities.h"

#include "runtime/process/text.h"

namespace skein {

std::string_view backend_name(Backend backend) {
  return backend == Backend::kHost ? "host" : "nccl";
}

std::string why_unsupported(Backend backend, Operation operation, DType dtype, ReduceOp reduce_op) {
  if (reduces(operation) && reduce_op == ReduceOp::kAverage && !is_floating(dtype))
    return concat("the average of ", dtype_name(dtype), " is not an integer; sum and divide yourself");
  if (reduces(operation) && reduce_op == ReduceOp::kAdasum) {
    if (operation != Operation::kAllreduce) return "Adasum is an allreduce only: its factors depend on whole tensors";
    if (!is_floating(dtype)) return concat("Adasum of ", dtype_name(dtype), " is not defined; it needs floating point");
    if (backend == Backend::kNccl) return "NCCL has no Adasum";
  }
  if (backend == Backend::kNccl && (dtype == DType::kInt16 || dtype == DType::kUInt16))
    return concat("NCCL has no ", dtype_name(dtype));
  return {};
}

}  // namespace skein
