#pragma once
// The two inner loops of resample(), vectorised, each for the best instruction set of the processor it runs
// on.

#include <cstddef>
#include <cstdint>

#include "trainer/data/image/resample.h"

namespace skein {

/// Each of `num_rows` rows of RGB bytes, `input_stride` bytes apart, to weights.first.size() pixels.
/// Reads one byte past the last pixel used.
void resample_horizontal(const uint8_t* input, size_t input_stride, int num_rows, const ResampleWeights& weights,
                         uint8_t* output, size_t output_stride);

/// output[i] = sum over k of weights[k] * input[k * stride + i], rounded, for i < num_bytes.
void resample_vertical(const uint8_t* input, size_t stride, int num_taps, const int32_t* weights, size_t num_bytes,
                       uint8_t* output);

}  // namespace skein
