#include "trainer/data/encode_png.h"

#include <png.h>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

void encode_png(const uint8_t* pixels, const PictureShape& shape, std::vector<uint8_t>& output) {
  png_image picture{};
  picture.version = PNG_IMAGE_VERSION;
  picture.width = static_cast<png_uint_32>(shape.width);
  picture.height = static_cast<png_uint_32>(shape.height);
  picture.format = shape.num_channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  constexpr png_int_32 kRowsWithoutGaps = 0;
  png_alloc_size_t num_bytes = PNG_IMAGE_PNG_SIZE_MAX(picture);
  output.resize(num_bytes);
  if (png_image_write_to_memory(&picture, output.data(), &num_bytes, 0, pixels, kRowsWithoutGaps, nullptr) == 0)
    throw Error(concat("libpng cannot write a picture: ", picture.message));
  output.resize(num_bytes);
}

}  // namespace skein
