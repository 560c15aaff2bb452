#pragma once
// What a packed file says about its images, in memory: everything but the images' bytes. docs/formats.md describes the
// file.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trainer/data/image/image.h"
#include "trainer/data/pack/sha256.h"

namespace skein {

enum class PackEncoding {
  kKeep,  ///< the bytes of the files
  kJpeg,  ///< decoded, made smaller if asked, and encoded again
  kRaw,   ///< 8-bit RGB, rows without gaps
};

/// "keep", "jpeg", "raw"
std::string text_of(PackEncoding encoding);
/// Throws DataError("encoding ...").
PackEncoding encoding_of(const std::string& text);

/// How the images came to be.
struct PackRecipe {
  PackEncoding encoding = PackEncoding::kKeep;
  int shorter_side = 0;  ///< pixels; 0: as in the files
  bool enlarged = false;  ///< smaller images were brought to shorter_side too
  int quality = 0;       ///< of kJpeg; 0 for the others
};

/// Image i lies at bytes [offsets[i], offsets[i + 1]); all columns but offsets have one entry an image.
struct PackContents {
  PackRecipe recipe;
  std::vector<std::string> classes;
  std::vector<uint64_t> offsets{0};
  std::vector<int64_t> labels;
  std::vector<int32_t> widths;
  std::vector<int32_t> heights;
  std::vector<std::string> names;  ///< relative: "chicken/001.jpg"
  std::vector<uint8_t> digests;    ///< SHA-256 of each image's bytes, one after the other

  size_t num_images() const { return labels.size(); }
  uint64_t num_bytes() const { return offsets.back(); }
  ImageSize dimensions(size_t index) const { return {widths[index], heights[index]}; }
  Digest digest(size_t index) const;
  void add(std::string name, int64_t label, ImageSize dimensions, uint64_t num_bytes, const Digest& digest);
};

/// SHA-256 over all of the above, the same however the images are spread over files: encoding, then digests, offsets
/// (uint64), labels (int64), widths and heights (int32), little-endian, then names and classes, each ending in a zero byte.
Digest content_digest(const PackContents& contents);

/// Throws DataError("FILE: ...") unless all columns fit together and to `num_bytes` bytes of images.
void check_contents(const PackContents& contents, uint64_t num_bytes, const std::string& file);

}  // namespace skein
