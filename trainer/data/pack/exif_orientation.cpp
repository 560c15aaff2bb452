// EXIF 2.3, section 4.6: a TIFF header and a table of entries of 12 bytes each, in either byte order.
#include <optional>

#include "trainer/data/pack/image_header.h"

namespace skein {

namespace {

constexpr unsigned kOrientationTag = 0x0112;
constexpr size_t kEntryBytes = 12;

class TiffReader {
 public:
  explicit TiffReader(std::span<const uint8_t> bytes) : bytes_(bytes), little_(bytes.size() > 1 && bytes[0] == 'I') {}

  /// Empty beyond the end.
  std::optional<uint32_t> number(size_t position, int num_bytes) const {
    if (position > bytes_.size() || bytes_.size() - position < static_cast<size_t>(num_bytes)) return std::nullopt;
    uint32_t value = 0;
    for (int i = 0; i < num_bytes; ++i) value = value << 8 | bytes_[position + (little_ ? num_bytes - 1 - i : i)];
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
  bool little_;
};

}  // namespace

int exif_orientation(std::span<const uint8_t> tiff) {
  const TiffReader reader(tiff);
  const auto table = reader.number(4, 4);
  if (reader.number(2, 2) != 42u || !table) return 1;
  const uint32_t num_entries = reader.number(*table, 2).value_or(0);
  for (uint32_t i = 0; i < num_entries; ++i) {
    const size_t entry = size_t{*table} + 2 + i * kEntryBytes;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const uint32_t value = reader.number(entry + 8, 2).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace skein
