#pragma once
// An 8-bit RGB picture in ordinary memory, and the views and boxes the transforms speak of. Units are pixels.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skein {

struct ImageSize {
  int width = 0;
  int height = 0;
  bool operator==(const ImageSize&) const = default;
};

/// What is left of a side that is divided while decoding.
inline int divided_up(int side, int reduction) {
  return (side + reduction - 1) / reduction;
}

/// A rectangle of an image: columns [left, left + width), rows [top, top + height).
struct ImageBox {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
  bool operator==(const ImageBox&) const = default;
};

/// Rows of interleaved R, G, B bytes in memory of somebody else's, of which RgbImage::kReadableTail bytes behind the last pixel
/// may be read.
struct RgbView {
  const uint8_t* pixels = nullptr;
  ImageSize dimensions;
  size_t row_bytes = 0;  ///< from one row to the next

  const uint8_t* row(int y) const { return pixels + row_bytes * static_cast<size_t>(y); }
};

/// Rows without gaps of `num_channels` bytes a pixel: 1 (grey) or 3 (R, G, B).
struct PictureShape {
  int width;
  int height;
  int num_channels;
};

/// Rows of interleaved R, G, B bytes without gaps. Owns its memory and keeps it when made smaller, so that
/// one object per thread serves any number of images.
class RgbImage {
 public:
  /// Bytes readable after the last pixel, so that kernels may load whole vectors.
  static constexpr size_t kReadableTail = 64;

  RgbImage() = default;
  RgbImage(int width, int height) { reshape({width, height}); }

  /// Sets the size; the pixels are undefined afterwards.
  void reshape(ImageSize size) {
    size_ = size;
    const size_t needed_bytes = row_bytes() * static_cast<size_t>(size.height) + kReadableTail;
    if (bytes_.size() < needed_bytes) bytes_.resize(needed_bytes);
  }
  ImageSize dimensions() const { return size_; }
  int width() const { return size_.width; }
  int height() const { return size_.height; }
  size_t row_bytes() const { return static_cast<size_t>(size_.width) * 3; }
  size_t num_bytes() const { return row_bytes() * static_cast<size_t>(size_.height); }
  uint8_t* row(int y) { return bytes_.data() + row_bytes() * static_cast<size_t>(y); }
  const uint8_t* row(int y) const { return bytes_.data() + row_bytes() * static_cast<size_t>(y); }
  uint8_t* data() { return bytes_.data(); }
  const uint8_t* data() const { return bytes_.data(); }
  operator RgbView() const { return {data(), size_, row_bytes()}; }  // NOLINT(google-explicit-constructor): as string_view

 private:
  ImageSize size_;
  std::vector<uint8_t> bytes_;
};

}  // namespace skein
