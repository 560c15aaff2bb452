#pragma once
// The inner loop of a Normalizer, vectorised for the best instruction set of the processor it runs on.

#include <cstddef>
#include <cstdint>

namespace skein {

/// output[i] = (pixels[i] / 255 - mean[i % 3]) / deviation[i % 3] for i < count, in float32. Divides by multiplying with the reciprocal and
/// correcting the result once, which rounds as a division does where the processor has fused multiply-add (Markstein, 1990); elsewhere the
/// last bit may differ.
void normalize_pixels(const uint8_t* pixels, size_t count, const float* mean, const float* deviation, float* output);

}  // namespace skein
