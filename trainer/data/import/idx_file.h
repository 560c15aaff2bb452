#pragma once
// Reads the IDX files of the MNIST family (yann.lecun.com/exdb/mnist), plain or compressed with gzip: a magic
// number that tells type and rank, the sizes, then the bytes, all numbers big-endian.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace skein {

/// Grey pictures of one size.
struct IdxImages {
  size_t num_images = 0;
  int height = 0;               ///< pixels
  int width = 0;                ///< pixels
  std::vector<uint8_t> pixels;  ///< [num_images][height][width]

  std::span<const uint8_t> image(size_t index) const {
    const size_t image_bytes = static_cast<size_t>(height) * width;
    return std::span(pixels).subspan(index * image_bytes, image_bytes);
  }
};

/// Read the whole file. Throw DataError naming the file, the offset in its uncompressed content and the
/// cause: not readable, wrong magic number, truncated, damaged compression, more bytes than announced.
IdxImages read_idx_images(const std::filesystem::path& path);
std::vector<uint8_t> read_idx_labels(const std::filesystem::path& path);

}  // namespace skein
