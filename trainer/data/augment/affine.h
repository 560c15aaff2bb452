#pragma once
// Affine transforms of 8-bit RGB pictures, bit for bit as Pillow's Image.transform and Image.rotate do them, and the
// matrices that torchvision's affine() hands to Pillow. The picture keeps its size; what comes from outside is `fill`.

#include <array>
#include <cstdint>

#include "trainer/data/image/image.h"
#include "trainer/data/image/interpolation.h"

namespace skein {

/// Where a pixel's centre (x, y) of the result comes from: (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]).
using AffineMatrix = std::array<double, 6>;
using FillColor = std::array<uint8_t, 3>;

/// torchvision's affine with shear about the upper left corner: `tangent` of the angle.
AffineMatrix shear_x_matrix(double tangent);
AffineMatrix shear_y_matrix(double tangent);
/// torchvision's affine by whole pixels, to the right and down.
AffineMatrix translation_matrix(int right, int down, ImageSize image);
/// Pillow's rotate about the centre, counter-clockwise.
AffineMatrix rotation_matrix(double degrees, ImageSize image);

/// `output` gets the size of `input`; they must differ.
void transform(const RgbImage& input, const AffineMatrix& matrix, Interpolation interpolation, const FillColor& fill,
               RgbImage& output);

/// With rotation_matrix, or by moving whole pixels for 0 and 180 degrees, and for 90 and 270 of a square.
void rotate(const RgbImage& input, double degrees, Interpolation interpolation, const FillColor& fill, RgbImage& output);

}  // namespace skein
