#include "trainer/parallel/compression_kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

// Compiled once for each instruction set that Highway knows on this machine type; see update_kernels.cpp.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "trainer/parallel/compression_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace skein::HWY_NAMESPACE {

void Reconstruct(float* HWY_RESTRICT matrix, float* HWY_RESTRICT residual, const float* HWY_RESTRICT p, const float* HWY_RESTRICT q,
                 std::size_t rows, std::size_t columns, std::size_t rank) {
  constexpr std::size_t kTile = 512;  // of columns, whose part of q stays in the cache for all rows
  float product[kTile];
  for (std::size_t begin = 0; begin < columns; begin += kTile) {
    const std::size_t count = std::min(kTile, columns - begin);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < count; ++i) product[i] = 0;
      for (std::size_t k = 0; k < rank; ++k) {
        const float factor = p[row * rank + k];
        const float* HWY_RESTRICT from = q + k * columns + begin;
        for (std::size_t i = 0; i < count; ++i) product[i] += factor * from[i];
      }
      float* HWY_RESTRICT m = matrix + row * columns + begin;
      float* HWY_RESTRICT e = residual + row * columns + begin;
      for (std::size_t i = 0; i < count; ++i) {
        e[i] = m[i] - product[i];
        m[i] = product[i];
      }
    }
  }
}

}  // namespace skein::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace skein {
namespace {

HWY_EXPORT(Reconstruct);

/// Orders floats by magnitude; every NaN above infinity.
std::uint32_t magnitude(float value) {
  return std::bit_cast<std::uint32_t>(value) & 0x7fffffffu;
}

constexpr int kBucketBits = 12;  // exponent and four bits of the fraction
std::uint32_t bucket_of(float value) {
  return magnitude(value) >> (31 - kBucketBits);
}

}  // namespace

/// Modified Gram-Schmidt in float64.
void orthogonalize(float* matrix, std::size_t rows, std::size_t columns) {
  std::vector<double> work(matrix, matrix + rows * columns);
  const auto product = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) sum += work[row * columns + a] * work[row * columns + b];
    return sum;
  };
  for (std::size_t column = 0; column < columns; ++column) {
    const double length_before = std::sqrt(product(column, column));
    for (std::size_t other = 0; other < column; ++other) {
      const double share = product(other, column);
      for (std::size_t row = 0; row < rows; ++row) work[row * columns + column] -= share * work[row * columns + other];
    }
    const double length = std::sqrt(product(column, column));
    const double factor = length > 1e-6 * length_before && length > 0 ? 1 / length : 0;  // float32 has no more digits
    for (std::size_t row = 0; row < rows; ++row) work[row * columns + column] *= factor;
  }
  std::ranges::copy(work, matrix);
}

void reconstruct(float* matrix, float* residual, const float* p, const float* q, std::size_t rows, std::size_t columns,
                 std::size_t rank) {
  HWY_DYNAMIC_DISPATCH(Reconstruct)(matrix, residual, p, q, rows, columns, rank);
}

/// A histogram of the magnitudes finds the class in which the smallest chosen one lies; only that class is sorted.
void choose_largest(const float* values, std::size_t count, std::size_t num_chosen, std::int32_t* indices) {
  std::array<std::uint32_t, std::size_t{1} << kBucketBits> sizes{};
  for (std::size_t i = 0; i < count; ++i) ++sizes[bucket_of(values[i])];
  std::uint32_t last = sizes.size() - 1;
  std::size_t num_above = 0;
  while (num_above + sizes[last] < num_chosen) num_above += sizes[last--];

  std::vector<std::int32_t> candidates;
  candidates.reserve(sizes[last]);
  std::int32_t* out = indices;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bucket = bucket_of(values[i]);
    if (bucket > last) *out++ = static_cast<std::int32_t>(i);
    if (bucket == last) candidates.push_back(static_cast<std::int32_t>(i));
  }
  const std::size_t num_missing = num_chosen - num_above;
  std::ranges::nth_element(candidates, candidates.begin() + static_cast<std::ptrdiff_t>(num_missing - 1),
                           [&](std::int32_t a, std::int32_t b) {
                             const std::uint32_t of_a = magnitude(values[a]);
                             const std::uint32_t of_b = magnitude(values[b]);
                             return of_a != of_b ? of_a > of_b : a < b;
                           });
  out = std::copy_n(candidates.begin(), num_missing, out);
  std::sort(indices, out);
}

}  // namespace skein
#endif
