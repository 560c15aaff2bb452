#include "trainer/evaluation/thumbnail.h"

#include <algorithm>
#include <cmath>

#include "trainer/data/encode_jpeg.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image/resample.h"

namespace skein {
namespace {

constexpr int kQuality = 85;

/// Both sides by the same factor, to the nearest pixel.
ImageSize fitted(ImageSize picture, int side) {
  const double factor = std::min(1.0, static_cast<double>(side) / std::max(picture.width, picture.height));
  const auto scaled = [&](int length) { return std::max(1, static_cast<int>(std::lround(length * factor))); };
  return {scaled(picture.width), scaled(picture.height)};
}

}  // namespace

std::vector<std::uint8_t> make_thumbnail(const ImageSource& images, std::size_t index, int side) {
  std::vector<std::uint8_t> buffer;
  const StoredImage stored = images.read(index, buffer);
  RgbImage decoded, small;
  RgbView picture{stored.bytes.data(), stored.raw, static_cast<std::size_t>(stored.raw.width) * 3};
  if (!stored.is_raw()) {
    decode_image(stored.bytes, images.name(index), decoded);
    picture = decoded;
  }
  Placement placement;
  placement.source = {0, 0, picture.dimensions.width, picture.dimensions.height};
  placement.scaled = fitted(picture.dimensions, side);
  placement.window = {0, 0, placement.scaled.width, placement.scaled.height};
  ResampleScratch scratch;
  resample(picture, placement, scratch, small);
  std::vector<std::uint8_t> jpeg;
  encode_jpeg(small.data(), {small.width(), small.height(), 3}, kQuality, jpeg);
  return jpeg;
}

}  // namespace skein
