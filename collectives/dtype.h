#pragma once
// Element types of the buffers that ranks exchange.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skein {

enum class DType : std::uint8_t {
  kFloat32,
  kFloat64,
  kFloat16,
  kBFloat16,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64
};
inline constexpr int kNumDTypes = 12;

constexpr std::size_t dtype_bytes(DType dtype) {
  switch (dtype) {
    case DType::kInt8:
    case DType::kUInt8:
      return 1;
    case DType::kFloat16:
    case DType::kBFloat16:
    case DType::kInt16:
    case DType::kUInt16:
      return 2;
    case DType::kFloat32:
    case DType::kInt32:
    case DType::kUInt32:
      return 4;
    default:
      return 8;
  }
}
constexpr bool is_floating(DType dtype) {
  return dtype <= DType::kBFloat16;
}
/// "float32", "bfloat16", "int8", ...
std::string_view dtype_name(DType dtype);

enum class ReduceOp : std::uint8_t { kSum, kAverage, kMin, kMax, kProduct, kAdasum };
inline constexpr int kNumReduceOps = 6;
/// "sum", "average", "min", "max", "product", "adasum".
std::string_view reduce_op_name(ReduceOp op);

/// Factors of a reduction, in the type in which elements are combined: every rank's elements are multiplied by `pre`
/// before, the result by `post` (and by 1/world_size for the average) after.
struct Scales {
  double pre = 1.0;
  double post = 1.0;
  bool operator==(const Scales&) const = default;
};

}  // namespace skein
