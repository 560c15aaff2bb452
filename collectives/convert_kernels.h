#pragma once
// Elements of one floating-point type as another.

#include <cstddef>

#include "collectives/dtype.h"

namespace skein {

/// `count` elements of type float32, float16 or bfloat16 at `from` as one of these at `to`; not overlapping. Narrowing
/// rounds to nearest even; what is too large becomes infinite, NaN stays NaN.
void convert_elements(void* to, DType to_dtype, const void* from, DType from_dtype, std::size_t count);

}  // namespace skein
