#pragma once
// The images of a packed file (`skein data pack`), as views into the mapped file: no copy, no lock, no HDF5 once it is open.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/image_source.h"
#include "trainer/data/pack/file_mapping.h"
#include "trainer/data/pack/pack_storage.h"

namespace skein {

class PackedImages : public ImageSource {
 public:
  /// Throws DataError naming the file and what is wrong with it (see open_pack).
  explicit PackedImages(const std::filesystem::path& file);
  /// A validation set with the classes and numbers of the training set. Throws DataError also where it holds images of
  /// classes that are not among those.
  PackedImages(const std::filesystem::path& file, const ImageSource& training);

  size_t num_images() const override { return pack_.contents.num_images(); }
  const std::vector<std::string>& classes() const override { return pack_.contents.classes; }
  int64_t label(size_t index) const override { return pack_.contents.labels.at(index); }
  std::string name(size_t index) const override;
  /// `buffer` is not used. Waits for the storage when the bytes are first touched, not here.
  StoredImage read(size_t index, std::vector<uint8_t>& buffer) const override;
  std::string relative_name(size_t index) const override { return pack_.contents.names.at(index); }
  std::string place() const override { return file_.string(); }
  std::string variant() const override;
  /// The time is that of the file.
  ImageStamp stamp(size_t index) const override;

  const PackRecipe& recipe() const { return pack_.contents.recipe; }
  ImageSize dimensions(size_t index) const { return pack_.contents.dimensions(index); }
  /// SHA-256 of the image's bytes, as they were when it was packed.
  Digest digest(size_t index) const { return pack_.contents.digest(index); }
  /// Files that the images lie in: this one, or its shards.
  size_t num_files() const { return pack_.segments.size(); }

 private:
  void adopt_numbers(const ImageSource& training);

  std::filesystem::path file_;
  OpenedPack pack_;
  std::vector<FileMapping> mappings_;    ///< of the segments
  std::vector<uint64_t> segment_starts_;  ///< position of each segment's first byte among all bytes
  int64_t modified_ns_ = 0;
};

}  // namespace skein
