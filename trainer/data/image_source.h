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

/// By which a copy of an image's bytes is told to be outdated.
struct ImageStamp {
  uint64_t num_bytes = 0;
  int64_t modified_ns = 0;  ///< since 1970
  bool operator==(const ImageStamp&) const = default;
};

/// Implementations are immutable once made: every method may be called from any number of threads.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  virtual size_t num_images() const = 0;
  /// Names of the classes, in byte order; a label is an index into them.
  virtual const std::vector<std::string>& classes() const = 0;
  virtual int64_t label(size_t index) const = 0;
  /// What to call the image in messages: its path.
  virtual std::string name(size_t index) const = 0;
  /// An image's bytes: a view into `buffer`, which is overwritten, or into memory that the
  /// source owns. Blocks for the storage. Throws DataError where they cannot be read.
  virtual StoredImage read(size_t index, std::vector<uint8_t>& buffer) const = 0;

  /// The image's path within the source, "chicken/001.jpg": the same for a folder and for what was packed from it.
  virtual std::string relative_name(size_t index) const { return name(index); }
  /// What to call the source in messages: the path of its folder or file.
  virtual std::string place() const { return "the images"; }
  /// What tells its pictures from those of the files that they were made from; empty where they are these.
  virtual std::string variant() const { return {}; }
  /// Throws DataError where the storage does not say.
  virtual ImageStamp stamp(size_t index) const { return {}; }
  /// Images of a format that is not read, left out.
  virtual size_t num_other_images() const { return 0; }

  /// Number of the class of that name, or -1.
  int64_t class_index(const std::string& name) const;
  /// Images of each class, by class number.
  std::vector<size_t> images_by_class() const;
};

/// Classes, relative names and labels as text: equal for a folder and for a file that keeps the same pictures, and
/// different where order, names, labels or, re-encoded, pictures are.
std::string listing_of(const ImageSource& source);

/// Throws DataError naming all classes of `found`, in the validation set at `place`, that `training` lacks.
void require_known_classes(const std::string& place, const std::vector<std::string>& found, const ImageSource& training);

/// "chicken, turkey"
std::string comma_separated(const std::vector<std::string>& names);

}  // namespace skein
