#pragma once
// The parts of transform() in affine.h that copy whole pixels. `output` has the size of `input`.

#include "trainer/data/augment/affine.h"

namespace skein {

/// Pillow's three ways: tables for scales and shifts, fixed point with 16 fractional bits, and doubles where that overflows.
void transform_nearest(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output);

/// Where the matrix only moves by whole pixels, every interpolation gives the same; false, and nothing done, elsewhere.
bool shift_whole_pixels(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output);

}  // namespace skein
