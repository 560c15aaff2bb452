#pragma once
// The parts of transform() in affine.h that interpolate, in doubles as Pillow does; vectorised over the channels of a pixel.
// `output` has the size of `input`.

#include "trainer/data/augment/affine.h"

namespace skein {

void transform_bilinear(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output);
void transform_bicubic(const RgbImage& input, const AffineMatrix& matrix, const FillColor& fill, RgbImage& output);

}  // namespace skein
