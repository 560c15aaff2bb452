#pragma once
// The inner loops of the colour operations, vectorised, each for the best instruction set of the processor it runs on.
// Arithmetic and rounding are Pillow's: a product and a sum are never fused.
//
// In place, over rows without gaps. Loops over whole pixels may read and write up to 63 bytes behind the last one
// (RgbImage keeps kReadableTail bytes there).

#include <cstddef>
#include <cstdint>

namespace skein {

/// Pillow's blend of two images in float32, cut to 0..255 and to whole numbers: from[i] + alpha * (to[i] - from[i]).
/// `output` may be `from` or `to`.
void blend(const uint8_t* from, const uint8_t* to, size_t num_bytes, float alpha, uint8_t* output);
/// The same where `from` is one value everywhere.
void blend_from_value(uint8_t from, uint8_t* bytes, size_t num_bytes, float alpha);
/// The same where `from` is the picture's luma (ITU-R 601-2), as Pillow's convert('L') rounds it.
void blend_from_luma(uint8_t* pixels, size_t num_pixels, float alpha);

/// All channels become the luma.
void replace_by_luma(uint8_t* pixels, size_t num_pixels);
uint64_t sum_of_luma(const uint8_t* pixels, size_t num_pixels);

/// Values of `threshold` (0..256) and more become 255 - value.
void invert_from(int threshold, uint8_t* bytes, size_t num_bytes);

/// Through Pillow's 8-bit HSV and back, with `shift` (modulo 256) added to the hue.
void shift_hue(uint8_t* pixels, size_t num_pixels, uint8_t shift);

/// One row of Pillow's SMOOTH filter (3 x 3, centre 5, all in thirteenths, rounded): `above`, `row` and `below` are bytes
/// of neighbouring rows, from each of which the three bytes before the first and after the last are read as well.
void smooth_row(const uint8_t* above, const uint8_t* row, const uint8_t* below, size_t num_bytes, uint8_t* output);

/// sums[i] = weight * bytes[i], and sums[i] += weight * bytes[i], in float32.
void begin_mix(const uint8_t* bytes, size_t num_bytes, float weight, float* sums);
void add_to_mix(const uint8_t* bytes, size_t num_bytes, float weight, float* sums);

}  // namespace skein
