// libpng reports errors by longjmp; see decode_jpeg.cpp for how memory is kept safe.
#include <png.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "trainer/data/image/decode_formats.h"
#include "trainer/data/image/orientation.h"

namespace skein {

namespace {

struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const uint8_t> rest;  ///< not yet read
  std::vector<uint8_t*> rows;
  bool truncated = false;
  char message[128] = "out of memory";

  PngReader() = default;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
};

void on_error(png_structp png, png_const_charp message) {
  auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
  std::strncpy(reader.message, message, sizeof(reader.message) - 1);
  png_longjmp(png, 1);
}

void read_bytes(png_structp png, png_bytep out, size_t num_bytes) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (num_bytes > reader.rest.size()) {
    reader.truncated = true;
    png_error(png, "the file ends too early");
  }
  std::memcpy(out, reader.rest.data(), num_bytes);
  reader.rest = reader.rest.subspan(num_bytes);
}

/// Asks libpng for 8-bit RGB whatever the file holds.
void request_rgb(png_structp png) {
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
}

/// Reads up to the pixels. False: libpng gave up and left its message.
bool read_header(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_user_limits(reader.png, 0x7FFFFFFF, 0x7FFFFFFF);
  png_set_read_fn(reader.png, &reader, read_bytes);
  png_read_info(reader.png, reader.info);
  request_rgb(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_pixels(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_image(reader.png, reader.rows.data());
  return true;
}

[[noreturn]] void throw_png_error(const PngReader& reader, const std::string& name) {
  throw_unreadable(name, std::string(reader.truncated ? "truncated PNG (" : "unreadable PNG (") + reader.message + ")");
}

void create(PngReader& reader, std::span<const uint8_t> bytes) {
  reader.rest = bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, [](png_structp, png_const_charp) {});
  if (reader.png) reader.info = png_create_info_struct(reader.png);
}

class PngDecoder : public FormatDecoder {
 public:
  ImageSize open(std::span<const uint8_t> bytes, const std::string& name) override {
    reader_ = std::make_unique<PngReader>();
    create(*reader_, bytes);
    if (!reader_->info || !read_header(*reader_)) throw_png_error(*reader_, name);
    const uint64_t width = png_get_image_width(reader_->png, reader_->info);
    const uint64_t height = png_get_image_height(reader_->png, reader_->info);
    check_image_size(width, height, name);
    return {static_cast<int>(width), static_cast<int>(height)};
  }

  int orientation() override {
    png_bytep data = nullptr;
    png_uint_32 num_bytes = 0;
    if (png_get_eXIf_1(reader_->png, reader_->info, &num_bytes, &data) == 0) return 1;
    return exif_orientation({data, num_bytes});
  }

  int max_reduction() const override { return 1; }

  ImageBox decode(const ImageBox&, int, const std::string& name, RgbImage& image) override {
    image.reshape({static_cast<int>(png_get_image_width(reader_->png, reader_->info)),
                   static_cast<int>(png_get_image_height(reader_->png, reader_->info))});
    if (png_get_rowbytes(reader_->png, reader_->info) != image.row_bytes()) throw_unreadable(name, "unexpected PNG layout");
    for (int y = 0; y < image.height(); ++y) reader_->rows.push_back(image.row(y));
    if (!read_pixels(*reader_)) throw_png_error(*reader_, name);
    return {0, 0, image.width(), image.height()};
  }

 private:
  std::unique_ptr<PngReader> reader_;
};

}  // namespace

std::unique_ptr<FormatDecoder> make_png_decoder() {
  return std::make_unique<PngDecoder>();
}

}  // namespace skein
