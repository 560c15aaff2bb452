#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and size_t
#include <cstdlib>

#include <jpeglib.h>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/encode_jpeg.h"

namespace skein {

namespace {

struct JpegWriter {
  jpeg_compress_struct info{};
  jpeg_error_mgr manager{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
  unsigned char* bytes = nullptr;  // malloc'd by libjpeg
  unsigned long num_bytes = 0;

  JpegWriter() {
    info.err = jpeg_std_error(&manager);
    info.client_data = this;
    manager.error_exit = [](j_common_ptr common) {
      auto& writer = *static_cast<JpegWriter*>(common->client_data);
      common->err->format_message(common, writer.message);
      std::longjmp(writer.jump, 1);
    };
  }
  ~JpegWriter() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;
};

/// False where libjpeg jumped back; nothing with a destructor lives in here.
bool write(JpegWriter& writer, const uint8_t* pixels, const PictureShape& shape, int quality) {
  jpeg_compress_struct& info = writer.info;
  if (setjmp(writer.jump)) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &writer.bytes, &writer.num_bytes);
  info.image_width = static_cast<JDIMENSION>(shape.width);
  info.image_height = static_cast<JDIMENSION>(shape.height);
  info.input_components = shape.num_channels;
  info.in_color_space = shape.num_channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  const size_t row_bytes = static_cast<size_t>(shape.width) * static_cast<size_t>(shape.num_channels);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<uint8_t*>(pixels + info.next_scanline * row_bytes);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

void encode_jpeg(const uint8_t* pixels, const PictureShape& shape, int quality, std::vector<uint8_t>& output) {
  JpegWriter writer;
  if (!write(writer, pixels, shape, quality))
    throw Error(concat("libjpeg cannot write a picture: ", writer.message));
  output.assign(writer.bytes, writer.bytes + writer.num_bytes);
}

}  // namespace skein
