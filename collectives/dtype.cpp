#include "collectives/dtype.h"

#include <array>

namespace skein {

std::string_view dtype_name(DType dtype) {
  static constexpr std::array<std::string_view, kNumDTypes> kNames = {"float32", "float64", "float16", "bfloat16",
                                                                      "int8",    "int16",   "int32",   "int64",
                                                                      "uint8",   "uint16",  "uint32",  "uint64"};
  return kNames[static_cast<std::size_t>(dtype)];
}

std::string_view reduce_op_name(ReduceOp op) {
  static constexpr std::array<std::string_view, kNumReduceOps> kNames = {"sum", "average", "min",
                                                                         "max", "product", "adasum"};
  return kNames[static_cast<std::size_t>(op)];
}

}  // namespace skein
