#pragma once
// How pixels between pixels are made up.

#include <cstdint>

namespace skein {

/// Named as torchvision's InterpolationMode, with Pillow's arithmetic. Geometric augmentations know the first three.
enum class Interpolation : uint8_t { kNearest, kBilinear, kBicubic };

}  // namespace skein
