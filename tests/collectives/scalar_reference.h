#pragma once
// Elements read and written one at a time, slowly and obviously: what the fast code is compared with.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "collectives/dtype.h"

namespace skein {

/// Bits of the 16-bit format that is nearest to `value`, ties to even; NaN becomes a quiet NaN.
std::uint16_t to_float16_bits(double value);
std::uint16_t to_bfloat16_bits(double value);
double from_float16_bits(std::uint16_t bits);
double from_bfloat16_bits(std::uint16_t bits);

/// Element `index` of an array, as a double. 64-bit integers must be small enough to be exact.
double load_element(DType dtype, const void* array, std::size_t index);
/// `value` must fit the type; a float type rounds it to nearest even.
void store_element(DType dtype, void* array, std::size_t index, double value);

/// The reduction of `values` in their order, in the arithmetic that Skein promises for `dtype`: 16-bit floats
/// in float32, everything else in its own type; not yet rounded to a 16-bit float.
double reduce_elements(DType dtype, ReduceOp op, std::span<const double> values);

/// `value` times `factor` in the type in which elements of `dtype` are combined; a factor of 1 changes nothing.
double scale_element(DType dtype, double value, double factor);

/// The reduction of whole arrays, in their order; integers wrap around. The factor of an average is the caller's.
std::vector<std::byte> reduce_arrays(std::span<const void* const> sources, std::size_t count, DType dtype, ReduceOp op,
                                     const Scales& scales);

/// Where two results differ: bit by bit, except that every NaN is as good as another, and so is either zero as a
/// minimum or maximum.
std::optional<std::size_t> first_difference(DType dtype, ReduceOp op, const void* found, const void* expected,
                                            std::size_t count);

/// Adasum by its definition (collectives/adasum.h), all in float64.
std::vector<double> adasum_of(std::span<const std::vector<double>> vectors);

/// Every element type, and the element-wise reductions that are defined on one.
std::vector<DType> all_dtypes();
std::vector<ReduceOp> reduce_ops_of(DType dtype);

}  // namespace skein
