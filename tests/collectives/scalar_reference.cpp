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

namespace {

/// The result for one element of an integer type: all integers wrap around.
template <class T>
T combine_integers(ReduceOp op, T a, T b) {
  using Wide = unsigned long long;
  switch (op) {
    case ReduceOp::kMin:
      return std::min(a, b);
    case ReduceOp::kMax:
      return std::max(a, b);
    case ReduceOp::kProduct:
      return static_cast<T>(static_cast<Wide>(a) * static_cast<Wide>(b));
    default:
      return static_cast<T>(static_cast<Wide>(a) + static_cast<Wide>(b));
  }
}

template <class T>
std::vector<std::byte> reduce_integers(std::span<const void* const> sources, std::size_t count, ReduceOp op) {
  std::vector<T> result(count), other(count);
  if (count != 0) std::memcpy(result.data(), sources[0], count * sizeof(T));
  for (const void* source : sources.subspan(1)) {
    if (count != 0) std::memcpy(other.data(), source, count * sizeof(T));
    for (std::size_t i = 0; i < count; ++i) result[i] = combine_integers(op, result[i], other[i]);
  }
  std::vector<std::byte> bytes(count * sizeof(T));
  if (count != 0) std::memcpy(bytes.data(), result.data(), bytes.size());
  return bytes;
}

std::vector<std::byte> reduce_floats(std::span<const void* const> sources, std::size_t count, DType dtype, ReduceOp op,
                                     const Scales& scales) {
  std::vector<std::byte> bytes(count * dtype_bytes(dtype));
  std::vector<double> values(sources.size());
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t s = 0; s < sources.size(); ++s)
      values[s] = scale_element(dtype, load_element(dtype, sources[s], i), scales.pre);
    store_element(dtype, bytes.data(), i, scale_element(dtype, reduce_elements(dtype, op, values), scales.post));
  }
  return bytes;
}

}  // namespace

std::vector<std::byte> reduce_arrays(std::span<const void* const> sources, std::size_t count, DType dtype,
                                          ReduceOp op, const Scales& scales) {
  switch (dtype) {
    case DType::kInt8:
      return reduce_integers<std::int8_t>(sources, count, op);
    case DType::kInt16:
      return reduce_integers<std::int16_t>(sources, count, op);
    case DType::kInt32:
      return reduce_integers<std::int32_t>(sources, count, op);
    case DType::kInt64:
      return reduce_integers<std::int64_t>(sources, count, op);
    case DType::kUInt8:
      return reduce_integers<std::uint8_t>(sources, count, op);
    case DType::kUInt16:
      return reduce_integers<std::uint16_t>(sources, count, op);
    case DType::kUInt32:
      return reduce_integers<std::uint32_t>(sources, count, op);
    case DType::kUInt64:
      return reduce_integers<std::uint64_t>(sources, count, op);
    default:
      return reduce_floats(sources, count, dtype, op, scales);
  }
}

std::optional<std::size_t> first_difference(DType dtype, ReduceOp op, const void* found, const void* expected,
                                            std::size_t count) {
  const std::size_t element = dtype_bytes(dtype);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::memcmp(static_cast<const std::byte*>(found) + i * element,
                    static_cast<const std::byte*>(expected) + i * element, element) == 0)
      continue;
    const double a = load_element(dtype, found, i);
    const double b = load_element(dtype, expected, i);
    if (is_floating(dtype) && std::isnan(a) && std::isnan(b)) continue;
    if ((op == ReduceOp::kMin || op == ReduceOp::kMax) && a == 0 && b == 0) continue;
    return i;
  }
  return {};
}

namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
  return total;
}

std::vector<double> adasum_of_two(const std::vector<double>& a, const std::vector<double>& b) {
  const double aa = dot(a, a);
  const double bb = dot(b, b);
  const double of_a = aa == 0 ? 1 : 1 - dot(a, b) / (2 * aa);
  const double of_b = bb == 0 ? 1 : 1 - dot(a, b) / (2 * bb);
  std::vector<double> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = of_a * a[i] + of_b * b[i];
  return result;
}

}  // namespace

std::vector<double> adasum_of(std::span<const std::vector<double>> vectors) {
  if (vectors.size() == 1) return vectors[0];
  std::size_t first = 1;
  while (2 * first < vectors.size()) first *= 2;
  return adasum_of_two(adasum_of(vectors.first(first)), adasum_of(vectors.subspan(first)));
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
