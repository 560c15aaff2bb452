#pragma once

#include <string>

#include "trainer/data/image/image.h"

namespace skein {

/// A PNG file of 8-bit RGB in memory. Throws Error where libpng gives up (memory).
std::string encode_png(const RgbView& image);

}  // namespace skein
