#pragma once
// Grey pictures to PNG files in memory.

#include <cstdint>
#include <span>
#include <vector>

namespace skein {

/// [height][width] bytes to a PNG of 8-bit grey. Replaces `output`. Throws Error where libpng gives up
/// (memory).
void encode_grey_png(std::span<const uint8_t> pixels, int width, int height, std::vector<uint8_t>& output);

}  // namespace skein
