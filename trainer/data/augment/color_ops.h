#pragma once
// Colour operations on 8-bit RGB, in place, bit for bit as torchvision's functional transforms on Pillow images
// (ImageEnhance, ImageOps). Pure functions of the pixels.

#include "trainer/data/image/image.h"

namespace skein {

/// Factor 1 leaves the picture, 0 makes it black; there is no upper limit, as for the next three.
void adjust_brightness(RgbImage& image, double factor);
/// 0: all pixels have the mean luma.
void adjust_contrast(RgbImage& image, double factor);
/// 0: shades of grey.
void adjust_saturation(RgbImage& image, double factor);
/// 0: smoothed by a 3 x 3 filter; pixels at the edge always stay. `spare` is overwritten.
void adjust_sharpness(RgbImage& image, double factor, RgbImage& spare);
/// Turns the hue by `share` of the circle, -0.5 to 0.5, in steps of 1 / 255 cut towards zero.
void adjust_hue(RgbImage& image, double share);
void to_grayscale(RgbImage& image);

/// Keeps the upper `bits` of each value; 0 to 8.
void posterize(RgbImage& image, int bits);
/// Inverts the values from `threshold` on.
void solarize(RgbImage& image, double threshold);
void invert(RgbImage& image);
/// Stretches each channel to 0..255.
void autocontrast(RgbImage& image);
/// Evens out the histogram of each channel.
void equalize(RgbImage& image);

void flip_vertically(RgbImage& image);

}  // namespace skein
