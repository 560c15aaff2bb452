// libjpeg reports errors by longjmp. Everything that owns memory lives in JpegReader or in the caller's
// objects, outside the function that calls setjmp, so that a jump skips no destructor.
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and size_t
#include <string>
#include <vector>

#include <jpeglib.h>
// After jpeglib.h, whose configuration it needs:
#include <jerror.h>

#include "trainer/data/image/decode_formats.h"

namespace skein {

namespace {

struct ErrorState {
  jpeg_error_mgr manager;  // first member: libjpeg hands it back to the callbacks
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
};

ErrorState& error_state(j_common_ptr info) {
  return *reinterpret_cast<ErrorState*>(info->err);
}

[[noreturn]] void leave(j_common_ptr info) {
  info->err->format_message(info, error_state(info).message);
  std::longjmp(error_state(info).jump, 1);
}

/// libjpeg goes on after damaged data with made-up pixels; what Pillow refuses or garbles is an error here.
bool means_lost_pixels(int warning) {
  return warning == JWRN_JPEG_EOF || warning == JWRN_HIT_MARKER || warning == JWRN_HUFF_BAD_CODE ||
         warning == JWRN_ARITH_BAD_CODE || warning == JWRN_MUST_RESYNC || warning == JWRN_NOT_SEQUENTIAL;
}

void on_message(j_common_ptr info, int level) {
  if (level < 0 && means_lost_pixels(info->err->msg_code)) leave(info);
}

struct JpegReader {
  jpeg_decompress_struct info{};
  ErrorState error{};
  std::vector<uint8_t> cmyk_row;

  JpegReader() {
    info.err = jpeg_std_error(&error.manager);
    error.manager.error_exit = leave;
    error.manager.emit_message = on_message;
    error.manager.output_message = [](j_common_ptr) {};
  }
  ~JpegReader() { jpeg_destroy_decompress(&info); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
};

uint8_t multiply_255(unsigned a, unsigned b) {
  const unsigned product = a * b + 128;
  return static_cast<uint8_t>(((product >> 8) + product) >> 8);
}

/// Inverted CMYK, as Adobe stores it, to RGB: with stored C' = 255 - C and K' = 255 - K, R = K' - C * K' /
/// 255.
void cmyk_to_rgb(const uint8_t* cmyk, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3)
    for (int channel = 0; channel < 3; ++channel)
      rgb[channel] = static_cast<uint8_t>(cmyk[3] - multiply_255(255 - cmyk[channel], cmyk[3]));
}

bool is_cmyk(const jpeg_decompress_struct& info) {
  return info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
}

void read_rows(JpegReader& reader, RgbImage& image) {
  jpeg_decompress_struct& info = reader.info;
  while (info.output_scanline < info.output_height) {
    const int y = static_cast<int>(info.output_scanline);
    uint8_t* row = is_cmyk(info) ? reader.cmyk_row.data() : image.row(y);
    jpeg_read_scanlines(&info, &row, 1);
    if (is_cmyk(info)) cmyk_to_rgb(row, image.width(), image.row(y));
  }
}

/// Reads up to and including the header. False: libjpeg gave up and left its message.
bool read_header(JpegReader& reader, std::span<const uint8_t> bytes) {
  if (setjmp(reader.error.jump)) return false;
  jpeg_create_decompress(&reader.info);
  jpeg_mem_src(&reader.info, bytes.data(), bytes.size());
  jpeg_read_header(&reader.info, TRUE);
  return true;
}

/// Reads the pixels into an image of the right shape, and the end of the file.
bool read_pixels(JpegReader& reader, RgbImage& image) {
  if (setjmp(reader.error.jump)) return false;
  reader.info.out_color_space = is_cmyk(reader.info) ? JCS_CMYK : JCS_RGB;
  reader.info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&reader.info);
  read_rows(reader, image);
  jpeg_finish_decompress(&reader.info);
  return true;
}

[[noreturn]] void throw_jpeg_error(const JpegReader& reader, const std::string& name) {
  const int code = reader.error.manager.msg_code;
  const bool truncated = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JERR_INPUT_EOF;
  throw_unreadable(name,
                   std::string(truncated ? "truncated JPEG (" : "unreadable JPEG (") + reader.error.message + ")");
}

}  // namespace

void decode_jpeg(std::span<const uint8_t> bytes, const std::string& name, RgbImage& image) {
  JpegReader reader;
  if (!read_header(reader, bytes)) throw_jpeg_error(reader, name);
  const int width = static_cast<int>(reader.info.image_width), height = static_cast<int>(reader.info.image_height);
  check_image_size(width, height, name);
  image.reshape({width, height});
  if (is_cmyk(reader.info)) reader.cmyk_row.resize(static_cast<size_t>(width) * 4);
  if (!read_pixels(reader, image)) throw_jpeg_error(reader, name);
}

}  // namespace skein
