#include <png.h>

#include "runtime/process/error.h"
#include "trainer/data/import/encode_grey.h"

namespace skein {

namespace {

struct PngWriter {
  png_structp png = nullptr;
  png_infop info = nullptr;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void append(png_structp png, png_bytep bytes, size_t num_bytes) {
  auto& output = *static_cast<std::vector<uint8_t>*>(png_get_io_ptr(png));
  output.insert(output.end(), bytes, bytes + num_bytes);
}

/// False where libpng jumped back; nothing with a destructor lives in here (see
/// trainer/data/image/decode_jpeg.cpp).
bool write(PngWriter& writer, const uint8_t* pixels, png_uint_32 width, png_uint_32 height,
           std::vector<uint8_t>& output) {
  if (setjmp(png_jmpbuf(writer.png))) return false;
  png_set_write_fn(writer.png, &output, append, nullptr);
  png_set_IHDR(writer.png, writer.info, width, height, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  for (png_uint_32 y = 0; y < height; ++y) png_write_row(writer.png, pixels + size_t{y} * width);
  png_write_end(writer.png, writer.info);
  return true;
}

}  // namespace

void encode_grey_png(std::span<const uint8_t> pixels, int width, int height, std::vector<uint8_t>& output) {
  output.clear();
  PngWriter writer;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (writer.png) writer.info = png_create_info_struct(writer.png);
  if (!writer.info || !write(writer, pixels.data(), width, height, output))
    throw Error("libpng cannot write a picture: out of memory");
}

}  // namespace skein
