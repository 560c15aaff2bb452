#pragma once
// Copies images, as the source stores them, to a folder on a local disk when they are first read. The ranks of a host share
// it, and later runs find it again. A copy is used only while the source's size and time are those that it was made of, and
// its checksum is right; otherwise it is made anew.
//
//   FOLDER/skein-cache.used     bytes in use (CacheBudget)
//   FOLDER/<source>/ab/abcd...  an image: its bytes, then CopyNote with the image's name in front

#include <atomic>
#include <filesystem>
#include <vector>

#include "trainer/data/cache/cached_source.h"

namespace skein {

class DiskCache : public CachedSource {
 public:
  /// `budget`: of `folder`.
  DiskCache(std::shared_ptr<const ImageSource> source, std::shared_ptr<CacheBudget> budget, const std::filesystem::path& folder);

  /// Blocks for the disk. A cache that cannot be written (disk full) is one warning, and is no longer written to.
  StoredImage read(size_t index, std::vector<uint8_t>& buffer) const override;

  /// Where the copies of this source lie.
  const std::filesystem::path& folder() const { return folder_; }
  /// Where the copy of an image lies.
  std::filesystem::path copy_path(size_t index) const;

 private:
  bool find(size_t index, const std::filesystem::path& copy, std::vector<uint8_t>& buffer, StoredImage& image) const;
  void store(size_t index, const std::filesystem::path& copy, const StoredImage& image) const;
  void stop_writing(const std::string& cause) const;

  std::filesystem::path folder_;
  mutable std::vector<std::atomic<bool>> is_current_;  ///< by index: compared with the source's stamp in this run
  mutable std::atomic<bool> is_writable_{true};
};

}  // namespace skein
