#pragma once
// A tensor as a weight file describes it, free of LibTorch.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trainer/weights/element_type.h"

namespace skein {

/// Refers to bytes owned by somebody else (a WeightFile, or the tensor that is to be written).
struct TensorRecord {
  std::string name;
  ElementType type = ElementType::kFloat32;
  std::vector<int64_t> shape;        ///< empty for a scalar; a 0 in it means no elements
  std::vector<int64_t> strides;      ///< in elements, never negative; as many as `shape` has
  std::span<const std::byte> bytes;  ///< from the first element to the last, at any alignment
};

/// Strides of row-major order; empty optional when the number of elements does not fit in 63 bits.
std::optional<std::vector<int64_t>> row_major_strides(const std::vector<int64_t>& shape);

/// Bytes from the first to the end of the last element; 0 without elements, empty optional beyond 63 bits.
std::optional<size_t> extent_bytes(const TensorRecord& tensor);

/// "[64, 3, 7, 7]"
std::string shape_text(std::span<const int64_t> shape);

}  // namespace skein
