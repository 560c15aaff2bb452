#pragma once
// What decode_image() is made of; not for use elsewhere. Each throws DataError with `name` and the cause.

#include <cstdint>
#include <span>
#include <string>

#include "trainer/data/image/image.h"

namespace skein {

void decode_jpeg(std::span<const uint8_t> bytes, const std::string& name, RgbImage& image);
void decode_png(std::span<const uint8_t> bytes, const std::string& name, RgbImage& image);

/// Throws DataError("NAME: CAUSE") with the remedy common to all unreadable images.
[[noreturn]] void throw_unreadable(const std::string& name, const std::string& cause);
/// Throws DataError where the size is zero or above kMaxImagePixels.
void check_image_size(uint64_t width, uint64_t height, const std::string& name);

}  // namespace skein
