#include "trainer/data/image/encode_png.h"

#include <png.h>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

std::string encode_png(const RgbView& image) {
  png_image picture{};
  picture.version = PNG_IMAGE_VERSION;
  picture.width = static_cast<png_uint_32>(image.dimensions.width);
  picture.height = static_cast<png_uint_32>(image.dimensions.height);
  picture.format = PNG_FORMAT_RGB;
  png_alloc_size_t num_bytes = PNG_IMAGE_PNG_SIZE_MAX(picture);
  std::string file(num_bytes, '\0');
  const auto row_stride = static_cast<png_int_32>(image.row_bytes);
  if (png_image_write_to_memory(&picture, file.data(), &num_bytes, 0, image.pixels, row_stride, nullptr) == 0)
    throw Error(concat("libpng cannot write a picture: ", picture.message));
  file.resize(num_bytes);
  return file;
}

}  // namespace skein
