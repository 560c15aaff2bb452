#pragma once
// Entropy decoding of the common JPEG - sequential Huffman codes, 8 bits, one scan - in place of libjpeg-turbo's, which takes more than half
// of the time that it takes to make a training image of a file. What makes it faster: the bytes stuffed behind 0xFF are taken out beforehand,
// so that bits are read without asking for them; a value is found without branching on its sign or size; of what lies beside the part that is
// wanted, several coefficients are gone past at once.
//
// Everything else stays with libjpeg: headers, inverse transform, upsampling, colours. What is not as it should be - a marker within the data,
// a code that does not exist, an early end - is not judged here: the decoder gives up, and libjpeg is to decode the picture from its beginning
// and to say what is wrong.
//
// One decoder belongs to one thread and to one jpeg_decompress_struct at a time, whose client_data it uses.

#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs FILE and size_t
#include <memory>

#include <jpeglib.h>

namespace skein {

class HuffmanDecoder {
 public:
  HuffmanDecoder();
  ~HuffmanDecoder();
  HuffmanDecoder(const HuffmanDecoder&) = delete;
  HuffmanDecoder& operator=(const HuffmanDecoder&) = delete;

  /// To be called before the first row is read; `info` reads from memory. Only the columns [left, left + width) of the output are wanted, which
  /// jpeg_crop_scanline has told. False, and nothing is changed, where the picture is of another kind. Afterwards jpeg_finish_decompress
  /// must not be called: libjpeg's source stays where the scan begins.
  bool take_over(jpeg_decompress_struct& info, int left, int width);

  /// Why libjpeg's error_exit was called: the picture needs libjpeg's own decoder. Since the last take_over.
  bool gave_up() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skein
