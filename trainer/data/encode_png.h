#pragma once
// Pictures in memory as PNG files.

#include <cstdint>
#include <vector>

#include "trainer/data/image/image.h"

namespace skein {

/// Overwrites `output`. Any thread. Throws Error where libpng gives up (memory).
void encode_png(const uint8_t* pixels, const PictureShape& shape, std::vector<uint8_t>& output);

}  // namespace skein
