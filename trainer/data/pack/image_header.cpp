// libjpeg reports errors by longjmp: nothing with a destructor lives in the function that calls setjmp.
#include "trainer/data/pack/image_header.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and size_t

#include <jpeglib.h>

#include "trainer/data/image/decode_formats.h"
#include "trainer/data/image/orientation.h"

namespace skein {

namespace {

constexpr std::array<uint8_t, 6> kExifMagic{'E', 'x', 'i', 'f', 0, 0};
constexpr size_t kPngHeaderBytes = 26;  // up to the colour type
constexpr unsigned kLongestSegment = 0xFFFF;

template <size_t N>
bool starts_with(std::span<const uint8_t> bytes, const std::array<uint8_t, N>& magic) {
  return bytes.size() >= N && std::equal(magic.begin(), magic.end(), bytes.begin());
}

struct HeaderReader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr manager{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";

  HeaderReader() {
    info.err = jpeg_std_error(&manager);
    info.client_data = this;
    manager.error_exit = [](j_common_ptr common) {
      auto& reader = *static_cast<HeaderReader*>(common->client_data);
      common->err->format_message(common, reader.message);
      std::longjmp(reader.jump, 1);
    };
    manager.output_message = [](j_common_ptr) {};
  }
  ~HeaderReader() { jpeg_destroy_decompress(&info); }
  HeaderReader(const HeaderReader&) = delete;
  HeaderReader& operator=(const HeaderReader&) = delete;
};

/// False: libjpeg gave up and left its message.
bool read(HeaderReader& reader, std::span<const uint8_t> bytes) {
  if (setjmp(reader.jump)) return false;
  jpeg_create_decompress(&reader.info);
  jpeg_mem_src(&reader.info, bytes.data(), bytes.size());
  jpeg_save_markers(&reader.info, JPEG_APP0 + 1, kLongestSegment);
  jpeg_read_header(&reader.info, TRUE);
  return true;
}

int orientation_of(const jpeg_decompress_struct& info) {
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const std::span<const uint8_t> data(marker->data, marker->data_length);
    if (starts_with(data, kExifMagic)) return exif_orientation(data.subspan(kExifMagic.size()));
  }
  return 1;
}

ImageHeader jpeg_header(std::span<const uint8_t> bytes, const std::string& name) {
  HeaderReader reader;
  if (!read(reader, bytes)) throw_unreadable(name, std::string("unreadable JPEG (") + reader.message + ")");
  check_image_size(reader.info.image_width, reader.info.image_height, name);
  ImageHeader header;
  header.dimensions = {static_cast<int>(reader.info.image_width), static_cast<int>(reader.info.image_height)};
  if (reader.info.num_components == 1) header.color = ImageHeader::Color::kGrey;
  if (reader.info.num_components == 4) header.color = ImageHeader::Color::kCmyk;
  header.orientation = orientation_of(reader.info);
  return header;
}

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

ImageHeader png_header(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.size() < kPngHeaderBytes) throw_unreadable(name, "truncated PNG");
  const uint32_t width = big_endian(&bytes[16]), height = big_endian(&bytes[20]);
  check_image_size(width, height, name);
  const bool is_grey = (bytes[25] & 2) == 0;  // colour types 0 and 4
  return {ImageHeader::Format::kPng, is_grey ? ImageHeader::Color::kGrey : ImageHeader::Color::kColor,
          {static_cast<int>(width), static_cast<int>(height)}, 1};
}

}  // namespace

ImageHeader read_image_header(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.empty()) throw_unreadable(name, "the file is empty");
  if (format_of(bytes) == ImageFormat::kJpeg) return jpeg_header(bytes, name);
  if (format_of(bytes) == ImageFormat::kPng) return png_header(bytes, name);
  throw_unreadable(name, "it is neither a JPEG nor a PNG");
}

}  // namespace skein
