#pragma once
// A small copy of a stored picture.

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/data/image/decode.h"
#include "trainer/data/image_source.h"

namespace skein {

/// The whole picture `index` of `images`, as a JPEG whose longer side is at most `side` pixels; smaller ones keep their size. Blocks
/// for the storage. Throws DataError where the picture cannot be read.
std::vector<std::uint8_t> make_thumbnail(const ImageSource& images, std::size_t index, int side, const DecodeOptions& decode = {});

}  // namespace skein
