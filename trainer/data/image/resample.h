#pragma once
// Resampling as Pillow's Image.resize(size, FILTER) does it, bit for bit: separable, each pass rounded to 8 bits, weights in fixed point
// with 22 fractional bits. Only the pixels that are wanted are computed.

#include <cstdint>
#include <vector>

#include "trainer/data/image/image.h"
#include "trainer/data/image/interpolation.h"
#include "trainer/data/image/resample_weights.h"

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

/// Memory for one picture at a time, reused from picture to picture; for one thread. In this order: plan(), begin(), rows().
class Resampler {
 public:
  /// Decides what is needed of a picture whose sides were divided by `reduction` when it was decoded (rounding up); `placement` speaks of
  /// the undivided picture. The source box must lie within it, and it must hold a pixel.
  void plan(const Placement& placement, const ResampleFilter& filter = {}, int reduction = 1);
  /// The pixels of the divided picture that rows() reads; empty where the whole output is black.
  const ImageBox& needed() const { return needed_; }
  /// `part` holds at least needed(), its first pixel being the divided picture's pixel (left, top). It must stay valid until the last
  /// rows().
  void begin(const RgbView& part, int left, int top);
  /// Writes rows [first, last) of the output, window.width RGB pixels each, without gaps.
  void rows(int first, int last, uint8_t* output);

 private:
  void pass_columns_last(int first, int last, uint8_t* output, size_t output_stride);
  void pass_rows_last(int first, int last, uint8_t* output, size_t output_stride);

  struct Range {
    int begin = 0, end = 0;
    int length() const { return end - begin; }
  };
  Range columns_, rows_;  ///< of the window that lie on the picture
  int window_width_ = 0;
  ImageBox limits_;  ///< pixels of the divided picture that the source box touches: others do not count
  ImageBox needed_;
  bool rows_first_ = false;
  ResampleWeights horizontal_, vertical_;
  RgbView part_;
  const uint8_t* origin_ = nullptr;  ///< first pixel of limits_, as if it were in part_
  std::vector<uint8_t> intermediate_;
};

/// All of it at once: `output` becomes window.width x window.height.
void resample(const RgbView& input, const Placement& placement, const ResampleFilter& filter, Resampler& resampler,
              RgbImage& output);

}  // namespace skein
