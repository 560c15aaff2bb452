#pragma once
// Pictures for measuring loaders where no photographs are at hand: "dead leaves", discs of many sizes that hide one another, whose spectrum
// and edges are those of natural scenes (Lee, Mumford, Huang: "Occlusion Models for Natural Images", IJCV 2001), shaded, grained and slightly
// out of focus. As JPEG of quality 90 they take about as many bytes a pixel as photographs do.

#include <cstdint>
#include <filesystem>

#include "trainer/data/image/image.h"

namespace skein::bench {

/// A pure function of its arguments.
RgbImage photograph(ImageSize dimensions, uint64_t number);

/// FOLDER/class_0 and class_1 with so many JPEGs in all. Returns their bytes.
uint64_t write_photographs(const std::filesystem::path& folder, int num_images, ImageSize dimensions, int quality);

}  // namespace skein::bench
