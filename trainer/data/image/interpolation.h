#pragma once
// The ways of computing pixels between pixels, by torchvision's names.

#include <string>
#include <vector>

namespace skein {

enum class Interpolation { kNearest, kBox, kBilinear, kHamming, kBicubic, kLanczos };

/// nearest, box, bilinear, hamming, bicubic, lanczos: in the order of the enum.
inline const std::vector<std::string>& interpolation_names() {
  static const std::vector<std::string> kNames{"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"};
  return kNames;
}

/// How pictures are resized.
struct ResampleFilter {
  Interpolation interpolation = Interpolation::kBilinear;
  /// Take all pixels into account that an output pixel covers, as Pillow always does. Without it bilinear and bicubic look at 2 and
  /// 4 pixels each way, whatever the reduction, as torch's interpolate() does; the others do not change.
  bool antialias = true;
};

}  // namespace skein
