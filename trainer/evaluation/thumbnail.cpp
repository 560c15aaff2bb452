#include "trainer/evaluation/thumbnail.h"

#include <algorithm>
#include <cmath>

#include "trainer/data/encode_jpeg.h"
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

std::vector<std::uint8_t> make_thumbnail(const ImageSource& images, std::size_t index, int side, const DecodeOptions& decode) {
  std::vector<std::uint8_t> buffer;
  const StoredImage stored = images.read(index, buffer);
  const std::string name = images.name(index);
  ImageDecoder decoder;
  const ImageSize picture = stored.is_raw() ? stored.raw : decoder.open(stored.bytes, name, decode);
  Placement placement;
  placement.source = {0, 0, picture.width, picture.height};
  placement.scaled = fitted(picture, side);
  placement.window = {0, 0, placement.scaled.width, placement.scaled.height};
  const int reduction = stored.is_raw() ? 1 : decoder.largest_reduction(picture, placement.scaled);
  Resampler resampler;
  resampler.plan(placement, {}, reduction);
  RgbImage decoded, small;
  if (stored.is_raw()) {
    resampler.begin({stored.bytes.data(), stored.raw, static_cast<std::size_t>(stored.raw.width) * 3}, 0, 0);
  } else {
    const DecodedPart part = decoder.decode(resampler.needed(), reduction, decoded);
    resampler.begin(decoded, part.left, part.top);
  }
  small.reshape(placement.scaled);
  resampler.rows(0, small.height(), small.data());
  std::vector<std::uint8_t> jpeg;
  encode_jpeg(small.data(), {small.width(), small.height(), 3}, kQuality, jpeg);
  return jpeg;
}

}  // namespace skein
