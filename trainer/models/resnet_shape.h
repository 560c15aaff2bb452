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
};

inline constexpr std::array<ResnetShape, 5> kResnets{{{"resnet18", false, {2, 2, 2, 2}},
                                                      {"resnet34", false, {3, 4, 6, 3}},
                                                      {"resnet50", true, {3, 4, 6, 3}},
                                                      {"resnet101", true, {3, 4, 23, 3}},
                                                      {"resnet152", true, {3, 8, 36, 3}}}};

inline std::vector<std::string> resnet_names() {
  std::vector<std::string> names;
  for (const ResnetShape& shape : kResnets) names.emplace_back(shape.name);
  return names;
}

}  // namespace skein
