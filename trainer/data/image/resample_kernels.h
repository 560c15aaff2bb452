#pragma once
// The two inner loops of a Resampler, vectorised, each for the best instruction set of the processor it runs
// on.

#include <cstddef>
#include <cstdint>

#include "trainer/data/image/resample_weights.h"

namespace skein {

/// Each of `num_rows` rows of RGB bytes, `input_stride` bytes apart, to weights.num_outputs() pixels.
/// Reads up to 16 bytes past the last pixel used.
void resample_horizontal(const uint8_t* input, size_t input_stride, int num_rows, const ResampleWeights& weights,
                         uint8_t* output, size_t output_stride);

/// One row of the output: output[i] = sum over the taps k of the weight times input[k * stride + i], rounded, for i < num_bytes.
void resample_vertical(const uint8_t* input, size_t stride, const ResampleWeights& weights, int row, size_t num_bytes,
                       uint8_t* output);

}  // namespace skein
