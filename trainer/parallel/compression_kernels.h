#pragma once
// Passes over gradients that are compressed. Pure functions on memory that does not overlap; any threads. Matrices lie row by
// row. The results of orthogonalize and reconstruct do not depend on the instruction set, since ranks of different hosts must
// get the same ones.

#include <cstddef>
#include <cstdint>

namespace skein {

/// Makes the columns of a [rows, columns] matrix orthonormal, from left to right. A column that depends on those before it
/// becomes zero.
void orthogonalize(float* matrix, std::size_t rows, std::size_t columns);

/// p [rows, rank] times q [rank, columns] replaces `matrix` [rows, columns], and what it was more than that goes to `residual`.
void reconstruct(float* matrix, float* residual, const float* p, const float* q, std::size_t rows, std::size_t columns,
                 std::size_t rank);

/// Writes the indices of the `num_chosen` values of largest magnitude, ascending; of equal ones the first. NaN counts as
/// largest. 1 <= num_chosen <= count < 2^31.
void choose_largest(const float* values, std::size_t count, std::size_t num_chosen, std::int32_t* indices);

}  // namespace skein
