#include "trainer/data/image/decode.h"

#include <algorithm>
#include <array>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/image/decode_formats.h"

namespace skein {

namespace {

constexpr std::array<uint8_t, 3> kJpegMagic{0xFF, 0xD8, 0xFF};
constexpr std::array<uint8_t, 8> kPngMagic{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

template <size_t N>
bool starts_with(std::span<const uint8_t> bytes, const std::array<uint8_t, N>& magic) {
  return bytes.size() >= N && std::equal(magic.begin(), magic.end(), bytes.begin());
}

}  // namespace

void throw_unreadable(const std::string& name, const std::string& cause) {
  throw DataError(concat("image ", name, ": ", cause), "replace or remove the file, or skip unreadable images (trainer --unreadable skip)");
}

void check_image_size(uint64_t width, uint64_t height, const std::string& name) {
  if (width == 0 || height == 0) throw_unreadable(name, "it has no pixels");
  if (width > static_cast<uint64_t>(kMaxImagePixels) / height)
    throw_unreadable(name, concat(width, "x", height, " pixels are more than the ", kMaxImagePixels, " allowed"));
}

void decode_image(std::span<const uint8_t> bytes, const std::string& name, RgbImage& image) {
  if (bytes.empty()) throw_unreadable(name, "the file is empty");
  if (starts_with(bytes, kJpegMagic)) return decode_jpeg(bytes, name, image);
  if (starts_with(bytes, kPngMagic)) return decode_png(bytes, name, image);
  throw_unreadable(name, "it is neither a JPEG nor a PNG");
}

}  // namespace skein
