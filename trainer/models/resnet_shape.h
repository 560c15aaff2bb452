#pragma once
// The members of the ResNet family, for those who only name one: no LibTorch here.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace skein {

/// What tells one member of the family from another.
struct ResnetShape {
  const char* name;
  bool bottleneck;                         ///< three convolutions a block (1x1, 3x3, 1x1) instead of two 3x3
  std::array<std::int64_t, 4> num_blocks;  ///< in layer1 to layer4
  std::int64_t groups = 1;                 ///< of a bottleneck's 3x3 convolution
  std::int64_t width_per_group = 64;       ///< channels of such a group in layer1; doubled from layer to layer
};

/// ResNeXt: S. Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017, arXiv:1611.05431. Wide
/// ResNet: S. Zagoruyko, N. Komodakis, "Wide Residual Networks", BMVC 2016, arXiv:1605.07146.
inline constexpr std::array<ResnetShape, 10> kResnets{{{"resnet18", false, {2, 2, 2, 2}},
                                                       {"resnet34", false, {3, 4, 6, 3}},
                                                       {"resnet50", true, {3, 4, 6, 3}},
                                                       {"resnet101", true, {3, 4, 23, 3}},
                                                       {"resnet152", true, {3, 8, 36, 3}},
                                                       {"resnext50_32x4d", true, {3, 4, 6, 3}, 32, 4},
                                                       {"resnext101_32x8d", true, {3, 4, 23, 3}, 32, 8},
                                                       {"resnext101_64x4d", true, {3, 4, 23, 3}, 64, 4},
                                                       {"wide_resnet50_2", true, {3, 4, 6, 3}, 1, 128},
                                                       {"wide_resnet101_2", true, {3, 4, 23, 3}, 1, 128}}};

inline std::vector<std::string> resnet_names() {
  std::vector<std::string> names;
  for (const ResnetShape& shape : kResnets) names.emplace_back(shape.name);
  return names;
}

}  // namespace skein
