#pragma once
// What each backend can do: one table, by operation and element type.

#include <string>

#include "collectives/call.h"

namespace skein {

enum class Backend { kHost, kNccl };
/// "host", "nccl".
std::string_view backend_name(Backend backend);

/// Empty when `backend` supports the combination, otherwise why not. `reduce_op` matters only to operations that
/// reduce.
std::string why_unsupported(Backend backend, Operation operation, DType dtype, ReduceOp reduce_op);

}  // namespace skein
