#include "tests/collectives/scalar_reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace skein {
namespace {

/// An IEEE 754 binary format of 16 bits.
struct Format {
  int mantissa_bits;
  int bias;
};
constexpr Format kFloat16Format{10, 15};
constexpr Format kBFloat16Format{7, 127};

std::uint16_t infinity_bits(Format format) {
  return static_cast<std::uint16_t>((2 * format.bias + 1) << format.mantissa_bits);
}

std::uint16_t to_bits(double value, Format format) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | infinity_bits(format) | (1 << (format.mantissa_bits - 1));
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return sign;
  const int exponent = std::isinf(magnitude) ? format.bias + 1 : std::max(std::ilogb(magnitude), 1 - format.bias);
  if (exponent > format.bias) return sign | infinity_bits(format);
  // In units of the last place; a carry out of the mantissa lands in the exponent, as it should.
  const auto units = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, format.mantissa_bits - exponent)));
  const std::uint32_t field = exponent + format.bias - 1;  // the leading one of a normal number adds the missing 1
  return static_cast<std::uint16_t>(sign | ((field << format.mantissa_bits) + units));
}

double from_bits(std::uint16_t bits, Format format) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int mantissa = bits & ((1 << format.mantissa_bits) - 1);
  const int field = (bits & 0x7fff) >> format.mantissa_bits;
  if (field == 2 * format.bias + 1)
    return mantissa != 0 ? std::copysign(std::numeric_limits<double>::quiet_NaN(), sign)
                         : sign * std::numeric_limits<double>::infinity();
  const int units = field == 0 ? mantissa : mantissa + (1 << format.mantissa_bits);
  return sign * std::ldexp(units, std::max(field, 1) - format.bias - format.mantissa_bits);
}

template <class T>
double load_as(const void* array, std::size_t index) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(array) + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

template <class T>
void store_as(void* array, std::size_t index, T value) {
  std::memcpy(static_cast<std::byte*>(array) + index * sizeof(T), &value, sizeof(T));
}

template <class T>
T combine(ReduceOp op, T a, T b) {
  switch (op) {
    case ReduceOp::kSum:
    case ReduceOp::kAverage:
      return a + b;
    case ReduceOp::kProduct:
      return a * b;
    case ReduceOp::kMin:
      return std::isnan(a) || a < b ? a : b;
    case ReduceOp::kMax:
      return std::isnan(a) || a > b ? a : b;
    case ReduceOp::kAdasum:
      break;
  }
  throw std::logic_error("unknown reduce op");
}

template <class T>
double reduce_as(ReduceOp op, std::span<const double> values) {
  T total = static_cast<T>(values[0]);
  for (double value : values.subspan(1)) total = combine(op, total, static_cast<T>(value));
  return static_cast<double>(total);
}

}  // namespace

std::uint16_t to_float16_bits(double value) {
  return to_bits(value, kFloat16Format);
}
std::uint16_t to_bfloat16_bits(double value) {
  return to_bits(value, kBFloat16Format);
}
double from_float16_bits(std::uint16_t bits) {
  return from_bits(bits, kFloat16Format);
}
double from_bfloat16_bits(std::uint16_t bits) {
  return from_bits(bits, kBFloat16Format);
}

double load_element(DType dtype, const void* array, std::size_t index) {
  switch (dtype) {
    case DType::kFloat32:
      return load_as<float>(array, index);
    case DType::kFloat64:
      return load_as<double>(array, index);
    case DType::kFloat16:
      return from_float16_bits(static_cast<std::uint16_t>(load_as<std::uint16_t>(array, index)));
    case DType::kBFloat16:
      return from_bfloat16_bits(static_cast<std::uint16_t>(load_as<std::uint16_t>(array, index)));
    case DType::kInt8:
      return load_as<std::int8_t>(array, index);
    case DType::kInt16:
      return load_as<std::int16_t>(array, index);
    case DType::kInt32:
      return load_as<std::int32_t>(array, index);
    case DType::kInt64:
      return load_as<std::int64_t>(array, index);
    case DType::kUInt8:
      return load_as<std::uint8_t>(array, index);
    case DType::kUInt16:
      return load_as<std::uint16_t>(array, index);
    case DType::kUInt32:
      return load_as<std::uint32_t>(array, index);
    case DType::kUInt64:
      return load_as<std::uint64_t>(array, index);
  }
  throw std::logic_error("unknown dtype");
}

void store_element(DType dtype, void* array, std::size_t index, double value) {
  switch (dtype) {
    case DType::kFloat32:
      return store_as(array, index, static_cast<float>(value));
    case DType::kFloat64:
      return store_as(array, index, value);
    case DType::kFloat16:
      return store_as(array, index, to_float16_bits(value));
    case DType::kBFloat16:
      return store_as(array, index, to_bfloat16_bits(value));
    case DType::kInt8:
      return store_as(array, index, static_cast<std::int8_t>(value));
    case DType::kInt16:
      return store_as(array, index, static_cast<std::int16_t>(value));
    case DType::kInt32:
      return store_as(array, index, static_cast<std::int32_t>(value));
    case DType::kInt64:
      return store_as(array, index, static_cast<std::int64_t>(value));
    case DType::kUInt8:
      return store_as(array, index, static_cast<std::uint8_t>(value));
    case DType::kUInt16:
      return store_as(array, index, static_cast<std::uint16_t>(value));
    case DType::kUInt32:
      return store_as(array, index, static_cast<std::uint32_t>(value));
    case DType::kUInt64:
      return store_as(array, index, static_cast<std::uint64_t>(value));
  }
}

double reduce_elements(DType dtype, ReduceOp op, std::span<const double> values) {
  return is_floating(dtype) && dtype != DType::kFloat64 ? reduce_as<float>(op, values) : reduce_as<double>(op, values);
}

double scale_element(DType dtype, double value, double factor) {
  if (factor == 1.0) return value;
  return dtype == DType::kFloat64 ? value * factor : static_cast<float>(value) * static_cast<float>(factor);
}

std::vector<DType> all_dtypes() {
  std::vector<DType> result;
  for (int i = 0; i < kNumDTypes; ++i) result.push_back(static_cast<DType>(i));
  return result;
}

std::vector<ReduceOp> reduce_ops_of(DType dtype) {
  std::vector<ReduceOp> result;
  for (const ReduceOp op : {ReduceOp::kSum, ReduceOp::kAverage, ReduceOp::kMin, ReduceOp::kMax, ReduceOp::kProduct})
    if (is_floating(dtype) || op != ReduceOp::kAverage) result.push_back(op);
  return result;
}

}  // namespace skein
