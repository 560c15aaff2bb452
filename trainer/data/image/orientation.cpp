#include "trainer/data/image/orientation.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace skein {

namespace {

constexpr size_t kHeaderBytes = 8;
constexpr size_t kEntryBytes = 12;
constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShort = 3;

/// Numbers of a TIFF structure in its own byte order; 0 beyond its end.
class TiffReader {
 public:
  explicit TiffReader(std::span<const uint8_t> bytes) : bytes_(bytes), is_big_endian_(bytes[0] == 'M') {}
  uint32_t number(size_t place, size_t num_bytes) const {
    if (place + num_bytes > bytes_.size()) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < num_bytes; ++i) value = value << 8 | bytes_[place + (is_big_endian_ ? i : num_bytes - 1 - i)];
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
  bool is_big_endian_;
};

}  // namespace

int exif_orientation(std::span<const uint8_t> tiff) {
  if (tiff.size() < kHeaderBytes || (std::memcmp(tiff.data(), "II*\0", 4) != 0 && std::memcmp(tiff.data(), "MM\0*", 4) != 0)) return 1;
  const TiffReader reader(tiff);
  const size_t directory = reader.number(4, 4);
  const size_t num_entries = reader.number(directory, 2);
  for (size_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const uint32_t value = reader.number(entry + 2, 2) == kShort ? reader.number(entry + 8, 2) : 1;
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Turn turn_of(int orientation) {
  switch (orientation) {
    case 2:
      return {.columns_reversed = true};
    case 3:
      return {.columns_reversed = true, .rows_reversed = true};
    case 4:
      return {.rows_reversed = true};
    case 5:
      return {.transposed = true};
    case 6:
      return {.transposed = true, .columns_reversed = true};
    case 7:
      return {.transposed = true, .columns_reversed = true, .rows_reversed = true};
    case 8:
      return {.transposed = true, .rows_reversed = true};
    default:
      return {};
  }
}

ImageSize turned(ImageSize stored, const Turn& turn) {
  return turn.transposed ? ImageSize{stored.height, stored.width} : stored;
}

ImageBox box_before(const ImageBox& upright, ImageSize stored, const Turn& turn) {
  const ImageSize size_after = turned(stored, turn);
  ImageBox box = upright;
  if (turn.columns_reversed) box.left = size_after.width - box.left - box.width;
  if (turn.rows_reversed) box.top = size_after.height - box.top - box.height;
  if (turn.transposed) return {box.top, box.left, box.height, box.width};
  return box;
}

ImageBox box_after(const ImageBox& stored_box, ImageSize stored, const Turn& turn) {
  const ImageSize size_after = turned(stored, turn);
  ImageBox box = stored_box;
  if (turn.transposed) box = {box.top, box.left, box.height, box.width};
  if (turn.columns_reversed) box.left = size_after.width - box.left - box.width;
  if (turn.rows_reversed) box.top = size_after.height - box.top - box.height;
  return box;
}

void turn_image(const RgbImage& stored, const Turn& turn, RgbImage& upright) {
  const ImageSize after = turned(stored.dimensions(), turn);
  upright.reshape(after);
  for (int y = 0; y < after.height; ++y) {
    const int from_row = turn.rows_reversed ? after.height - 1 - y : y;
    uint8_t* out = upright.row(y);
    for (int x = 0; x < after.width; ++x, out += 3) {
      const int from_column = turn.columns_reversed ? after.width - 1 - x : x;
      const uint8_t* in = turn.transposed ? stored.row(from_column) + from_row * 3 : stored.row(from_row) + from_column * 3;
      std::copy_n(in, 3, out);
    }
  }
}

}  // namespace skein
