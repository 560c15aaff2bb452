#pragma once
// What the first bytes of a JPEG or PNG file say about it, without decoding it.

#include <cstdint>
#include <span>
#include <string>

#include "trainer/data/image/image.h"

namespace skein {

struct ImageHeader {
  enum class Format { kJpeg, kPng };
  enum class Color { kGrey, kColor, kCmyk };
  Format format = Format::kJpeg;
  Color color = Color::kColor;
  ImageSize dimensions;
  int orientation = 1;  ///< EXIF's, 1 to 8; 1 upright or unknown. Read from JPEG files only
};

/// Throws DataError with `name` for what is neither format, has no pixels or too many, or ends within its header.
ImageHeader read_image_header(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace skein
