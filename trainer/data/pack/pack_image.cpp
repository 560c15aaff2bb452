#include "trainer/data/pack/pack_image.h"

#include <algorithm>

#include "runtime/process/error.h"
#include "trainer/data/encode_jpeg.h"
#include "trainer/data/image/decode_formats.h"
#include "trainer/data/pack/image_header.h"

namespace skein {

namespace {

constexpr int kLargestJpegSide = 65500;

/// The picture at its final size: decoded, or a view of raw pixels, and scaled where it has to be.
RgbView scaled_picture(const StoredImage& stored, const std::string& name, const PackRecipe& recipe, PackScratch& scratch) {
  RgbView picture{stored.bytes.data(), stored.raw, static_cast<size_t>(stored.raw.width) * 3};
  if (!stored.is_raw()) {
    const ImageSize whole = scratch.decoder.open(stored.bytes, name, {.turn_upright = true});
    scratch.decoder.decode({0, 0, whole.width, whole.height}, 1, scratch.decoded);
    picture = scratch.decoded;
  }
  const ImageSize from = picture.dimensions;
  const ImageSize to = packed_dimensions(from, recipe.shorter_side, recipe.enlarged);
  if (to == from) return picture;
  check_image_size(static_cast<uint64_t>(to.width), static_cast<uint64_t>(to.height), name);
  resample(picture, {{0, 0, from.width, from.height}, to, {0, 0, to.width, to.height}}, {}, scratch.resampler, scratch.scaled);
  return scratch.scaled;
}

bool is_grey(const StoredImage& stored, const std::string& name) {
  return !stored.is_raw() && read_image_header(stored.bytes, name).color == ImageHeader::Color::kGrey;
}

/// Grey files stay files of one channel.
void encode(const RgbView& picture, bool as_grey, int quality, PackScratch& scratch, std::vector<uint8_t>& output) {
  const auto [width, height] = picture.dimensions;
  if (!as_grey) return encode_jpeg(picture.pixels, {width, height, 3}, quality, output);
  scratch.grey.resize(static_cast<size_t>(width) * static_cast<size_t>(height));
  for (size_t i = 0; i < scratch.grey.size(); ++i) scratch.grey[i] = picture.pixels[3 * i];
  encode_jpeg(scratch.grey.data(), {width, height, 1}, quality, output);
}

void keep(const StoredImage& stored, const std::string& name, PackedImage& packed) {
  packed.dimensions = read_image_header(stored.bytes, name).dimensions;
  packed.bytes.assign(stored.bytes.begin(), stored.bytes.end());
}

}  // namespace

ImageSize packed_dimensions(ImageSize picture, int shorter_side, bool enlarges) {
  const int shorter = std::min(picture.width, picture.height);
  if (shorter_side == 0 || shorter == shorter_side || (shorter < shorter_side && !enlarges)) return picture;
  const int64_t longer = std::max(picture.width, picture.height);
  const int scaled = static_cast<int>(longer * shorter_side / shorter);
  return picture.width <= picture.height ? ImageSize{shorter_side, scaled} : ImageSize{scaled, shorter_side};
}

void pack_image(const ImageSource& source, size_t index, const PackRecipe& recipe, PackScratch& scratch,
                PackedImage& packed) {
  const StoredImage stored = source.read(index, scratch.buffer);
  const std::string name = source.name(index);
  if (recipe.encoding == PackEncoding::kKeep) {
    keep(stored, name, packed);
  } else {
    const RgbView picture = scaled_picture(stored, name, recipe, scratch);
    packed.dimensions = picture.dimensions;
    const auto [width, height] = picture.dimensions;
    if (recipe.encoding == PackEncoding::kRaw) {
      packed.bytes.assign(picture.pixels, picture.pixels + picture.row_bytes * static_cast<size_t>(height));
    } else {
      if (std::max(width, height) > kLargestJpegSide)
        throw_unreadable(name, "no JPEG file can be so large; use --size, or --encoding keep or raw");
      encode(picture, is_grey(stored, name), recipe.quality, scratch, packed.bytes);
    }
  }
  packed.digest = sha256(packed.bytes);
}

}  // namespace skein
