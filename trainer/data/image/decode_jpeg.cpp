// libjpeg reports errors by longjmp. Everything that owns memory lives in JpegDecoder or in the caller's
// objects, outside the functions that call setjmp, so that a jump skips no destructor.
#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and size_t
#include <cstring>
#include <string>
#include <vector>

#include <jpeglib.h>
// After jpeglib.h, whose configuration it needs:
#include <jerror.h>

#include "trainer/data/image/decode_formats.h"
#include "trainer/data/image/huffman.h"
#include "trainer/data/image/orientation.h"

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

/// Smooth upsampling of colour looks at neighbours, which are missing at the edge of a part: so many pixels and rows around it are decoded
/// and not used.
constexpr int kMargin = 2;

constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr uint8_t kExifPrefix[] = {'E', 'x', 'i', 'f', 0, 0};

/// The marker that ends a JPEG; it cannot occur within pixel data. A file without it was cut off.
bool has_end(std::span<const uint8_t> bytes) {
  constexpr uint8_t kEnd[] = {0xFF, 0xD9};
  if (bytes.size() < 2) return false;
  return std::equal(bytes.end() - 2, bytes.end(), kEnd) || std::find_end(bytes.begin(), bytes.end(), kEnd, kEnd + 2) != bytes.end();
}

class JpegDecoder : public FormatDecoder {
 public:
  JpegDecoder() {
    info_.err = jpeg_std_error(&error_.manager);
    error_.manager.error_exit = leave;
    error_.manager.emit_message = on_message;
    error_.manager.output_message = [](j_common_ptr) {};
  }
  ~JpegDecoder() override { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  ImageSize open(std::span<const uint8_t> bytes, const std::string& name) override {
    bytes_ = bytes;
    if (!read_header()) throw_error(name);
    check_image_size(info_.image_width, info_.image_height, name);
    return {static_cast<int>(info_.image_width), static_cast<int>(info_.image_height)};
  }

  int orientation() override {
    for (jpeg_saved_marker_ptr marker = info_.marker_list; marker != nullptr; marker = marker->next) {
      const std::span<const uint8_t> data(marker->data, marker->data_length);
      if (marker->marker == kExifMarker && data.size() > sizeof(kExifPrefix) &&
          std::memcmp(data.data(), kExifPrefix, sizeof(kExifPrefix)) == 0)
        return exif_orientation(data.subspan(sizeof(kExifPrefix)));
    }
    return 1;
  }

  int max_reduction() const override { return 8; }

  ImageBox decode(const ImageBox& box, int reduction, const std::string& name, RgbImage& image) override {
    const bool is_whole = has_end(bytes_);
    if (decode_part(box, reduction, is_whole, is_whole, image)) return part_;
    const bool libjpeg_may_know = is_own_ && huffman_.gave_up();
    if (libjpeg_may_know && read_header() && decode_part(box, reduction, is_whole, false, image)) return part_;
    throw_error(name);
  }

 private:
  /// `is_whole`: the file was not cut off. `try_own`: with HuffmanDecoder where it knows the kind of picture.
  bool decode_part(const ImageBox& box, int reduction, bool is_whole, bool try_own, RgbImage& image) {
    is_own_ = false;
    if (!begin(reduction)) return false;
    const int width = static_cast<int>(info_.output_width), height = static_cast<int>(info_.output_height);
    part_ = {0, 0, width, height};
    if (is_whole) {  // else the whole picture tells what is missing
      const int left = std::max(0, box.left - kMargin), top = std::max(0, box.top - kMargin);
      part_ = {left, top, std::min(width, box.left + box.width + kMargin) - left,
               std::min(height, box.top + box.height + kMargin) - top};
    }
    if (part_.width < width && !crop_columns()) return false;
    is_own_ = try_own && huffman_.take_over(info_, part_.left, part_.width);
    image.reshape({part_.width, part_.height});
    if (is_cmyk(info_)) cmyk_row_.resize(static_cast<size_t>(part_.width) * 4);
    return read_rows(image);
  }

  /// Reads up to and including the header. False, as of the functions below: libjpeg gave up and left its message.
  bool read_header() {
    if (setjmp(error_.jump)) return false;
    if (info_.mem == nullptr) {
      jpeg_create_decompress(&info_);
      jpeg_save_markers(&info_, kExifMarker, 0xFFFF);
    }
    jpeg_abort_decompress(&info_);  // whatever became of the picture before
    jpeg_mem_src(&info_, bytes_.data(), bytes_.size());
    jpeg_read_header(&info_, TRUE);
    return true;
  }

  bool begin(int reduction) {
    if (setjmp(error_.jump)) return false;
    info_.out_color_space = is_cmyk(info_) ? JCS_CMYK : JCS_RGB;
    info_.dct_method = JDCT_ISLOW;
    info_.scale_num = 1;
    info_.scale_denom = static_cast<unsigned>(reduction);
    jpeg_start_decompress(&info_);
    return true;
  }

  /// Leaves out what lies beside the part; widens the part to whole blocks.
  bool crop_columns() {
    if (setjmp(error_.jump)) return false;
    JDIMENSION left = static_cast<JDIMENSION>(part_.left), width = static_cast<JDIMENSION>(part_.width);
    jpeg_crop_scanline(&info_, &left, &width);
    part_.left = static_cast<int>(left);
    part_.width = static_cast<int>(width);
    return true;
  }

  /// Reads the rows of the part, and the end of the file where it reaches so far.
  bool read_rows(RgbImage& image) {
    if (setjmp(error_.jump)) return false;
    if (part_.top > 0) jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(part_.top));
    for (int y = 0; y < part_.height; ++y) {
      uint8_t* row = is_cmyk(info_) ? cmyk_row_.data() : image.row(y);
      jpeg_read_scanlines(&info_, &row, 1);
      if (is_cmyk(info_)) cmyk_to_rgb(row, image.width(), image.row(y));
    }
    if (!is_own_ && info_.output_scanline == info_.output_height) jpeg_finish_decompress(&info_);
    return true;
  }

  [[noreturn]] void throw_error(const std::string& name) const {
    const int code = error_.manager.msg_code;
    const bool truncated = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JERR_INPUT_EOF;
    throw_unreadable(name, std::string(truncated ? "truncated JPEG (" : "unreadable JPEG (") + error_.message + ")");
  }

  jpeg_decompress_struct info_{};
  ErrorState error_{};
  HuffmanDecoder huffman_;
  bool is_own_ = false;  ///< huffman_ has taken over
  std::vector<uint8_t> cmyk_row_;
  std::span<const uint8_t> bytes_;
  ImageBox part_;  ///< what is decoded, in divided pixels
};

}  // namespace

std::unique_ptr<FormatDecoder> make_jpeg_decoder() {
  return std::make_unique<JpegDecoder>();
}

}  // namespace skein
