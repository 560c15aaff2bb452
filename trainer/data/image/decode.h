#pragma once
// Turns the bytes of a JPEG or PNG file into 8-bit RGB as Pillow's Image.open(...).convert('RGB') does.
//
// The format is told by the first bytes, not by the file's name. JPEG: grey, RGB, YCbCr, CMYK and YCCK (the
// last two inverted, as Adobe writes them), baseline and progressive, with the accurate integer DCT and
// smooth upsampling. PNG: grey, palette and colour of any depth; alpha and transparency are dropped, not
// blended; of 16 bits the upper 8 are kept (Pillow does that for colour but clips 16-bit grey at 255, which
// leaves a white picture; here grey is treated as colour is). The EXIF orientation, colour profiles and gamma
// are ignored, as torchvision's image loader does.

#include <cstdint>
#include <span>
#include <string>

#include "trainer/data/image/image.h"

namespace skein {

/// Larger pictures are refused as damaged or hostile (twice Pillow's warning threshold, where Pillow refuses
/// too).
inline constexpr int64_t kMaxImagePixels = 178956970;

/// Decodes `bytes` into `image`, whose memory is reused. `name` stands for the file in errors.
/// Throws DataError for anything that is not a whole, sound JPEG or PNG: empty, unknown format, truncated,
/// damaged. Where it throws, the content of `image` is undefined. Safe to call from any thread on different
/// images.
void decode_image(std::span<const uint8_t> bytes, const std::string& name, RgbImage& image);

}  // namespace skein
