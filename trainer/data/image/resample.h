#pragma once
// Bilinear resampling with antialiasing, bit for bit as Pillow's Image.resize(size, BILINEAR) does it:
// separable, each pass rounded to 8 bits, weights in fixed point with 22 fractional
// bits.

#include <cstdint>
#include <vector>

#include "trainer/data/image/image.h"

namespace skein {

/// The picture's `source` box is resampled to `scaled` size; of that, `window` is the output, mirrored if
/// asked. The window may reach beyond the scaled picture; there the output is black.
struct Placement {
  ImageBox source;
  ImageSize scaled;
  ImageBox window;
  bool mirrored = false;
  bool operator==(const Placement&) const = default;
};

/// For each output pixel of one axis: which input pixels it is made of, and their weights.
struct ResampleWeights {
  static constexpr int kFractionBits = 22;
  int taps = 0;                  ///< weights a pixel, the unused ones at the end being zero
  std::vector<int> first;        ///< first input pixel, by output pixel
  std::vector<int> count;        ///< input pixels used
  std::vector<int32_t> weights;  ///< [output pixel][taps], in 2^-22

  /// For output pixels [begin, end) of an axis of `input` pixels scaled to `output` pixels. Reuses memory.
  void compute(int input, int output, int begin, int end);
  const int32_t* row(int pixel) const { return &weights[static_cast<size_t>(pixel) * taps]; }
};

/// Memory that one thread reuses from image to image.
struct ResampleScratch {
  ResampleWeights horizontal;
  ResampleWeights vertical;
  std::vector<uint8_t> rows;
};

/// Fills `output` (window.width x window.height) with what `placement` asks of `input`; only the pixels the
/// window needs are computed. The source box must lie within `input`.
void resample(const RgbView& input, const Placement& placement, ResampleScratch& scratch, RgbImage& output);

}  // namespace skein
