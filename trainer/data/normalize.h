#pragma once
// torchvision's ToTensor and Normalize in one step: 8-bit RGB to float32, rows of interleaved channels
// (NHWC).

#include <array>
#include <cstdint>
#include <span>

namespace skein {

/// Mean and standard deviation by channel (R, G, B) of pixels scaled to [0, 1]; the defaults are ImageNet's.
struct ChannelStatistics {
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};
  std::array<float, 3> deviation{0.229f, 0.224f, 0.225f};
};

/// (pixel / 255 - mean) / deviation, in float32 as torch computes it, bit for bit. Immutable, for any
/// thread.
class Normalizer {
 public:
  /// Throws UsageError where a deviation is not positive.
  explicit Normalizer(const ChannelStatistics& statistics = {});
  /// `pixels`: R, G, B, R, G, B, ...; writes as many floats.
  void apply(std::span<const uint8_t> pixels, float* output) const;

 private:
  ChannelStatistics statistics_;
  std::array<std::array<float, 256>, 3> table_;
  bool is_kernel_exact_;  ///< here, on this processor, for these statistics: it gives what the table holds
};

}  // namespace skein
