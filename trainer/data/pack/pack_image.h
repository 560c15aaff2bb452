#pragma once
// One image as it goes into a pack.

#include <string>
#include <vector>

#include "trainer/data/image/decode.h"
#include "trainer/data/image/resample.h"
#include "trainer/data/image_source.h"
#include "trainer/data/pack/pack_contents.h"

namespace skein {

struct PackedImage {
  std::vector<uint8_t> bytes;
  ImageSize dimensions;
  Digest digest{};
  std::string problem;  ///< why it cannot be read; empty where it can
};

/// Memory that one thread reuses from image to image.
struct PackScratch {
  std::vector<uint8_t> buffer;
  std::vector<uint8_t> grey;
  ImageDecoder decoder;
  RgbImage decoded;
  RgbImage scaled;
  Resampler resampler;
};

/// The size of a picture whose shorter side becomes `shorter_side` (0: as it is), its longer side rounded down as
/// torchvision's Resize does; smaller pictures stay as they are unless `enlarges`.
ImageSize packed_dimensions(ImageSize picture, int shorter_side, bool enlarges);

/// Reads image `index` of `source` and brings it into the form that `recipe` asks for: re-encoded and raw images are turned upright,
/// since nothing tells their orientation any more. The digest is that of the bytes.
/// Throws DataError naming the image.
void pack_image(const ImageSource& source, size_t index, const PackRecipe& recipe, PackScratch& scratch,
                PackedImage& packed);

}  // namespace skein
