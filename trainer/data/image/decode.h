#pragma once
// Turns the bytes of a JPEG or PNG file into 8-bit RGB as Pillow's Image.open(...).convert('RGB') does, or only the part of it that
// is needed.
//
// The format is told by the first bytes, not by the file's name. JPEG: grey, RGB, YCbCr, CMYK and YCCK (the
// last two inverted, as Adobe writes them), baseline and progressive, with the accurate integer DCT and
// smooth upsampling. PNG: grey, palette and colour of any depth; alpha and transparency are dropped, not
// blended; of 16 bits the upper 8 are kept (Pillow does that for colour but clips 16-bit grey at 255, which
// leaves a white picture; here grey is treated as colour is). Colour profiles and gamma are ignored.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "trainer/data/image/image.h"

namespace skein {

/// Larger pictures are refused as damaged or hostile (twice Pillow's warning threshold, where Pillow refuses
/// too).
inline constexpr int64_t kMaxImagePixels = 178956970;

struct DecodeOptions {
  /// Turn the picture as its EXIF orientation asks, as Pillow's ImageOps.exif_transpose does; torchvision's image loader does not.
  bool turn_upright = true;
};

/// What an ImageDecoder has put into an image.
struct DecodedPart {
  int left = 0, top = 0;  ///< the image's first pixel in the (divided) picture
};

/// Decodes one picture after another; memory is kept from one to the next. For one thread.
class ImageDecoder {
 public:
  ImageDecoder();
  ~ImageDecoder();
  ImageDecoder(const ImageDecoder&) = delete;
  ImageDecoder& operator=(const ImageDecoder&) = delete;

  /// Reads the header of a file and returns the size of the picture, turned upright where asked. `bytes` must stay valid and `name`,
  /// which stands for the file in errors, too, until the picture has been decoded. Throws DataError for what is no JPEG or PNG: empty,
  /// unknown format, damaged.
  ImageSize open(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options = {});

  /// By what the sides may be divided while decoding (scaled DCT: 1, 2, 4 or 8; PNG: 1) so that at least `wanted` pixels are left of a box
  /// of `source` pixels.
  int largest_reduction(ImageSize source, ImageSize wanted) const;

  /// Decodes the picture, its sides divided by `reduction` (rounding up), or at least the pixels of `box` of it, exactly as they are in the
  /// whole; `box` is in divided pixels. Damage that the needed pixels do not depend on may go unnoticed, except that a JPEG without
  /// an end is decoded whole. Throws DataError for a truncated or damaged file; the content of `image` is undefined then.
  DecodedPart decode(const ImageBox& box, int reduction, RgbImage& image);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Decodes a whole picture, as it is stored (EXIF orientation ignored).
/// Throws DataError for anything that is not a whole, sound JPEG or PNG: empty, unknown format, truncated,
/// damaged. Where it throws, the content of `image` is undefined. Safe to call from any thread on different
/// images.
void decode_image(std::span<const uint8_t> bytes, const std::string& name, RgbImage& image);

}  // namespace skein
