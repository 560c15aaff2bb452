#pragma once
// For each output pixel of one axis: which input pixels it is made of, and their weights.

#include <cstdint>
#include <vector>

#include "trainer/data/image/interpolation.h"

namespace skein {

/// A stretch of input pixels scaled to a number of output pixels.
struct ResampleAxis {
  int num_input = 0;   ///< input pixels there are; others do not count
  double begin = 0;    ///< the stretch, in input pixels; it may cut through pixels
  double end = 0;
  int num_output = 0;  ///< pixels that the stretch becomes
  int first_output = 0, last_output = 0;  ///< those wanted: [first, last)
  bool mirrored = false;                  ///< the last one wanted comes first

  double scale() const { return (end - begin) / num_output; }
};

/// Weights in fixed point with 22 fractional bits, as Pillow's Resample.c rounds them. Each is kept as two 16-bit halves, the lower of 15
/// bits, and two neighbours together, so that one multiply-add instruction takes two pixels.
struct ResampleWeights {
  static constexpr int kFractionBits = 22;
  static constexpr int kLowBits = 15;
  static constexpr int32_t kLowMask = (1 << kLowBits) - 1;
  static constexpr int kGroup = 4;  ///< taps are filled up with zeros to a multiple of it

  int num_pairs = 0;            ///< of taps, the same for all output pixels
  std::vector<int> first;       ///< first input pixel, by output pixel
  std::vector<int> count;       ///< input pixels used
  std::vector<int32_t> high;    ///< [output pixel][pair]: the upper halves of two weights, the first in the lower 16 bits
  std::vector<int32_t> low;     ///< [output pixel][pair]: the lower halves

  /// Reuses memory. `axis.first_output` < `axis.last_output`.
  void compute(const ResampleAxis& axis, const ResampleFilter& filter);
  int num_outputs() const { return static_cast<int>(first.size()); }
  /// The input pixels [begin, end) that any output pixel uses.
  int begin() const;
  int end() const;
  /// A weight as one number.
  int32_t weight(int output, int tap) const;

 private:
  void round_weights(int most_taps);
  std::vector<double> exact_;  ///< [output pixel][most taps]: before rounding
};

}  // namespace skein
