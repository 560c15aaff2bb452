#pragma once
// Where labelled images come from: a folder of files or a packed file. Knows bytes, labels and names, not
// pixels.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trainer/data/image/image.h"

namespace skein {

/// What a source keeps of an image.
struct StoredImage {
  std::span<const uint8_t> bytes;  ///< a JPEG or PNG file; with `raw`: rows of RGB without gaps
  ImageSize raw;                   ///< 0 x 0: `bytes` are an encoded file. Else RgbImage::kReadableTail bytes behind them may be read
  bool is_raw() const { return raw != ImageSize{}; }
};

/// Implementations are immutable once made: every method may be called from any number of threads.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  virtual size_t num_images() const = 0;
  /// Names of the classes; a label is an index into them.
  virtual const std::vector<std::string>& classes() const = 0;
  virtual int64_t label(size_t index) const = 0;
  /// What to call the image in messages: its path.
  virtual std::string name(size_t index) const = 0;
  /// An image's bytes: a view into `buffer`, which is overwritten, or into memory that the
  /// source owns. Blocks for the storage. Throws DataError where they cannot be read.
  virtual StoredImage read(size_t index, std::vector<uint8_t>& buffer) const = 0;
};

}  // namespace skein
