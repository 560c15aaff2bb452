#pragma once
// Pictures in memory as JPEG files: baseline, colour as YCbCr 4:2:0, the accurate integer DCT.

#include <cstdint>
#include <vector>

namespace skein {

/// Rows without gaps of `num_channels` bytes a pixel: 1 (grey) or 3 (R, G, B).
struct JpegShape {
  int width;
  int height;
  int num_channels;
};

/// `quality`: 1 to 100, as libjpeg counts. Overwrites `output`. Any thread.
void encode_jpeg(const uint8_t* pixels, const JpegShape& shape, int quality, std::vector<uint8_t>& output);

}  // namespace skein
