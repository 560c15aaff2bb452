#pragma once
// EXIF's orientation: how a camera was held.

#include <cstdint>
#include <span>

#include "trainer/data/image/image.h"

namespace skein {

/// Reads the orientation from EXIF data that begin with their TIFF header: 1 (upright) to 8; 1 where there is none, and where the data are
/// damaged. JEITA CP-3451, tag 0x0112 of the first directory.
int exif_orientation(std::span<const uint8_t> tiff);

/// How a stored picture becomes upright: first rows and columns change places, then the order of columns, of rows is reversed.
struct Turn {
  bool transposed = false;
  bool columns_reversed = false;
  bool rows_reversed = false;
  bool is_none() const { return !transposed && !columns_reversed && !rows_reversed; }
};
Turn turn_of(int orientation);

/// The size of the upright picture.
ImageSize turned(ImageSize stored, const Turn& turn);
/// Where a box of the upright picture lies in the stored one, whose size is `stored`, and the other way round.
ImageBox box_before(const ImageBox& upright, ImageSize stored, const Turn& turn);
ImageBox box_after(const ImageBox& stored_box, ImageSize stored, const Turn& turn);
/// Turns a picture, or a part of one.
void turn_image(const RgbImage& stored, const Turn& turn, RgbImage& upright);

}  // namespace skein
