#pragma once
// What an ImageDecoder is made of; not for use elsewhere. Each throws DataError with `name` and the cause.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "trainer/data/image/image.h"

namespace skein {

enum class ImageFormat { kNone, kJpeg, kPng };
/// By the first bytes.
ImageFormat format_of(std::span<const uint8_t> bytes);

/// One file format. Header and pixels are read in two steps; in between the caller decides which pixels it needs.
class FormatDecoder {
 public:
  virtual ~FormatDecoder() = default;
  /// The size of the picture as stored. `bytes` must stay valid until it has been decoded.
  virtual ImageSize open(std::span<const uint8_t> bytes, const std::string& name) = 0;
  /// 1 to 8, as EXIF numbers them; 1 where the file tells none that makes sense.
  virtual int orientation() = 0;
  /// The largest allowed value of `reduction`.
  virtual int max_reduction() const = 0;
  /// At least the pixels of `box`, which lies within the divided picture. Returns which pixels `image` holds.
  virtual ImageBox decode(const ImageBox& box, int reduction, const std::string& name, RgbImage& image) = 0;
};

std::unique_ptr<FormatDecoder> make_jpeg_decoder();
std::unique_ptr<FormatDecoder> make_png_decoder();

/// Throws DataError("NAME: CAUSE") with the remedy common to all unreadable images.
[[noreturn]] void throw_unreadable(const std::string& name, const std::string& cause);
/// Throws DataError where the size is zero or above kMaxImagePixels.
void check_image_size(uint64_t width, uint64_t height, const std::string& name);

}  // namespace skein
