#pragma once
// JPEGs of all kinds, made by libjpeg.

#include <cstdint>
#include <cstdio>  // jpeglib.h needs FILE
#include <cstdlib>
#include <vector>

#include <jpeglib.h>

namespace skein::testing {

struct JpegKind {
  const char* name;
  J_COLOR_SPACE input;
  int horizontal, vertical;  ///< samples of brightness for one of colour
  bool progressive = false;
  int restart_rows = 0;
  int quality = 90;
  bool own_codes = false;  ///< tables made for the picture
  int noise = 0;           ///< added to the pattern, at most
};

inline constexpr JpegKind kJpegKinds[] = {{.name = "444", .input = JCS_RGB, .horizontal = 1, .vertical = 1},
                                          {.name = "422", .input = JCS_RGB, .horizontal = 2, .vertical = 1},
                                          {.name = "420", .input = JCS_RGB, .horizontal = 2, .vertical = 2},
                                          {.name = "440", .input = JCS_RGB, .horizontal = 1, .vertical = 2},
                                          {.name = "411", .input = JCS_RGB, .horizontal = 4, .vertical = 1},
                                          {.name = "grey", .input = JCS_GRAYSCALE, .horizontal = 1, .vertical = 1},
                                          {.name = "grey 22", .input = JCS_GRAYSCALE, .horizontal = 2, .vertical = 2},
                                          {.name = "cmyk", .input = JCS_CMYK, .horizontal = 1, .vertical = 1},
                                          {.name = "ycck 420", .input = JCS_YCCK, .horizontal = 2, .vertical = 2},
                                          {.name = "420 progressive", .input = JCS_RGB, .horizontal = 2, .vertical = 2, .progressive = true},
                                          {.name = "444 progressive", .input = JCS_RGB, .horizontal = 1, .vertical = 1, .progressive = true},
                                          {.name = "420 restarts", .input = JCS_RGB, .horizontal = 2, .vertical = 2, .restart_rows = 1},
                                          {.name = "420 full blocks", .input = JCS_RGB, .horizontal = 2, .vertical = 2, .quality = 100, .noise = 250}};

/// A pattern of slopes and squares.
inline std::vector<uint8_t> encode(const JpegKind& kind, int width, int height) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long num_bytes = 0;
  jpeg_mem_dest(&info, &memory, &num_bytes);
  const int channels = kind.input == JCS_GRAYSCALE ? 1 : kind.input == JCS_RGB ? 3 : 4;
  info.image_width = width;
  info.image_height = height;
  info.input_components = channels;
  info.in_color_space = kind.input == JCS_YCCK ? JCS_CMYK : kind.input;
  jpeg_set_defaults(&info);
  if (kind.input == JCS_YCCK) jpeg_set_colorspace(&info, JCS_YCCK);
  jpeg_set_quality(&info, kind.quality, TRUE);
  info.optimize_coding = kind.own_codes ? TRUE : FALSE;
  info.comp_info[0].h_samp_factor = kind.horizontal;
  info.comp_info[0].v_samp_factor = kind.vertical;
  if (kind.input == JCS_YCCK) info.comp_info[3].h_samp_factor = kind.horizontal, info.comp_info[3].v_samp_factor = kind.vertical;
  info.restart_in_rows = kind.restart_rows;
  if (kind.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<uint8_t> row(static_cast<size_t>(width) * channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        const int noise = kind.noise == 0 ? 0 : static_cast<int>((x * 7919u + y * 104729u + c * 1299709u) * 2654435761u >> 16) % kind.noise;
        row[x * channels + c] = static_cast<uint8_t>((x * 5 + y * 3 + ((x / 9 + y / 7) & 1) * 90 + c * 40 + noise) & 255);
      }
    uint8_t* rows = row.data();
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::vector<uint8_t> bytes(memory, memory + num_bytes);
  free(memory);
  return bytes;
}

}  // namespace skein::testing
