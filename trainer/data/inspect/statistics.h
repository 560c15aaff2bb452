#pragma once
// What a data set consists of: counts, sizes, channel statistics, oddities and duplicates.

#include <array>
#include <map>
#include <string>
#include <vector>

#include "trainer/data/inspect/verify.h"
#include "trainer/data/pack/image_header.h"
#include "trainer/data/pack/open_source.h"
#include "trainer/data/pack/sha256.h"

namespace skein {

struct ClassCount {
  std::string name;
  size_t num_images = 0;
  uint64_t num_bytes = 0;
};

/// Images with equal bytes; positions in the source.
struct SameImage {
  size_t index;
  size_t first;  ///< the first one with these bytes
};

struct SourceStatistics {
  std::string name;  ///< of the split, may be empty
  std::string place;
  size_t num_images = 0;
  uint64_t num_bytes = 0;
  std::vector<ClassCount> classes;
  size_t num_jpeg = 0;
  size_t num_png = 0;
  size_t num_raw = 0;
  size_t num_grey = 0;
  size_t num_cmyk = 0;
  size_t num_rotated = 0;  ///< with an EXIF orientation other than upright
  size_t num_other_formats = 0;
  std::vector<BadImage> unreadable;  ///< not part of the sizes and means
  std::vector<ImageSize> sizes;      ///< of the readable ones, in order
  std::array<double, 3> mean{};       ///< R, G, B in [0, 1]: the mean over images of each one's mean
  std::array<double, 3> deviation{};  ///< the square root of the mean over images of the mean square, less the square of `mean`
  std::vector<SameImage> duplicates;
  size_t num_contradictions = 0;  ///< duplicates whose labels differ
  std::vector<Digest> digests;    ///< of all images' bytes, in order
};

/// Decodes all images on `num_workers` threads. The same numbers for any number of them.
SourceStatistics gather_statistics(const NamedSource& source, size_t num_workers, const InspectProgress& progress = nullptr);

/// An image whose bytes are in another split too.
struct LeakedImage {
  std::string name;
  std::string twin;
};
/// Images of `later` that are in `earlier` too.
std::vector<LeakedImage> find_leaks(const ImageSource& earlier, const SourceStatistics& earlier_statistics,
                                    const ImageSource& later, const SourceStatistics& later_statistics);

}  // namespace skein
