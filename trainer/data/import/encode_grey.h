#pragma once
// Grey pictures to PNG or JPEG files in memory.

#include <cstdint>
#include <span>
#include <vector>

namespace skein {

/// [height][width] bytes to a PNG of 8-bit grey. Replaces `output`. Throws Error where libpng gives up
/// (memory).
void encode_grey_png(std::span<const uint8_t> pixels, int width, int height, std::vector<uint8_t>& output);

/// The same to a JPEG; quality 1 to 100 as libjpeg understands it.
void encode_grey_jpeg(std::span<const uint8_t> pixels, int width, int height, int quality,
                      std::vector<uint8_t>& output);

}  // namespace skein
