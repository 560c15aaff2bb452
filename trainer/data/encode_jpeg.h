#pragma once
// Pictures in memory as JPEG files: baseline, colour as YCbCr 4:2:0, the accurate integer DCT.

#include <cstdint>
#include <vector>

#include "trainer/data/image/image.h"

namespace skein {

/// `quality`: 1 to 100, as libjpeg counts. Overwrites `output`. Any thread.
void encode_jpeg(const uint8_t* pixels, const PictureShape& shape, int quality, std::vector<uint8_t>& output);

}  // namespace skein
