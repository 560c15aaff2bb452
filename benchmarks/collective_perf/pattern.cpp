#include "benchmarks/collective_perf/pattern.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace skein::bench {
namespace {

std::uint16_t to_bfloat16(int value) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(value)) >> 16);
}
double from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// The patterns' values as float16: 0, 1, 2, 3.
constexpr std::uint16_t kHalves[] = {0x0000, 0x3c00, 0x4000, 0x4200};
double from_float16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int mantissa = bits & 0x3ff;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/// Calls `use` with the buffer's data as a typed pointer and the conversions int -> element and element -> double.
template <class Use>
auto with_elements(const Buffer& buffer, Use use) {
  const auto plain = [&]<class T>(T* data) {
    return use(
        data, [](int value) { return static_cast<T>(value); }, [](T value) { return static_cast<double>(value); });
  };
  switch (buffer.dtype) {
    case DType::kFloat32:
      return plain(static_cast<float*>(buffer.data));
    case DType::kFloat64:
      return plain(static_cast<double*>(buffer.data));
    case DType::kFloat16:
      return use(
          static_cast<std::uint16_t*>(buffer.data), [](int value) { return kHalves[value]; }, from_float16);
    case DType::kBFloat16:
      return use(static_cast<std::uint16_t*>(buffer.data), to_bfloat16, from_bfloat16);
    case DType::kInt8:
      return plain(static_cast<std::int8_t*>(buffer.data));
    case DType::kInt16:
      return plain(static_cast<std::int16_t*>(buffer.data));
    case DType::kInt32:
      return plain(static_cast<std::int32_t*>(buffer.data));
    case DType::kInt64:
      return plain(static_cast<std::int64_t*>(buffer.data));
    case DType::kUInt8:
      return plain(static_cast<std::uint8_t*>(buffer.data));
    case DType::kUInt16:
      return plain(static_cast<std::uint16_t*>(buffer.data));
    case DType::kUInt32:
      return plain(static_cast<std::uint32_t*>(buffer.data));
    case DType::kUInt64:
      break;
  }
  return plain(static_cast<std::uint64_t*>(buffer.data));
}

double reduced(ReduceOp op, int world_size, std::size_t i, int iteration) {
  double total = pattern(0, i, iteration);
  for (int rank = 1; rank < world_size; ++rank) {
    const double value = pattern(rank, i, iteration);
    switch (op) {
      case ReduceOp::kSum:
      case ReduceOp::kAverage:
        total += value;
        break;
      case ReduceOp::kMin:
        total = std::min(total, value);
        break;
      case ReduceOp::kMax:
        total = std::max(total, value);
        break;
      case ReduceOp::kProduct:
        total *= value;
        break;
      case ReduceOp::kAdasum:
        throw std::logic_error("no element-wise reduction");
    }
  }
  return op == ReduceOp::kAverage ? total / world_size : total;
}

}  // namespace

void fill(const Buffer& buffer, int rank, std::size_t first, int iteration) {
  with_elements(buffer, [&](auto* data, auto encode, auto) {
    for (std::size_t i = 0; i < buffer.count; ++i) data[i] = encode(pattern(rank, first + i, iteration));
  });
}

std::size_t count_wrong(const Buffer& result, Operation operation, ReduceOp op, int rank, int world_size, int root,
                        std::size_t block, int iteration) {
  const auto expected = [&](std::size_t i) -> double {
    switch (operation) {
      case Operation::kAllreduce:
      case Operation::kReduce:
        return reduced(op, world_size, i, iteration);
      case Operation::kReduceScatter:
        return reduced(op, world_size, rank * block + i, iteration);
      case Operation::kAllgather:
      case Operation::kGather:
        return pattern(static_cast<int>(i / block), i % block, iteration);
      case Operation::kBroadcast:
        return pattern(root, i, iteration);
      case Operation::kScatter:
        return pattern(root, rank * block + i, iteration);
      case Operation::kAlltoall:
        return pattern(static_cast<int>(i / block), rank * block + i % block, iteration);
      case Operation::kBarrier:
        break;
    }
    return 0;
  };
  return with_elements(result, [&](auto* data, auto, auto decode) {
    std::size_t num_wrong = 0;
    for (std::size_t i = 0; i < result.count; ++i) {
      const double want = expected(i);
      if (std::abs(decode(data[i]) - want) > 1e-2 * std::max(1.0, std::abs(want))) ++num_wrong;
    }
    return num_wrong;
  });
}

}  // namespace skein::bench
