#pragma once
// Writes a pack image by image, into one file or several shards. Nothing can be seen before publish().

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/pack/pack_storage.h"

namespace skein {

/// Use from one thread. Functions throw StorageError.
class PackWriter {
 public:
  /// Whether an image of `num_bytes` begins a new shard, the one under way having `shard_bytes` and at least one image.
  using StartsShard = std::function<bool(size_t index, uint64_t shard_bytes, uint64_t num_bytes)>;

  /// Without `starts_shard`, everything goes into `target`; else into TARGET-00000-of-0000N.h5 and so on, which `target` joins.
  PackWriter(std::filesystem::path target, const PackRecipe& recipe, std::vector<std::string> classes,
             StartsShard starts_shard = nullptr);

  /// `index` is for `starts_shard` only.
  void add(size_t index, const std::string& name, int64_t label, ImageSize dimensions, std::span<const uint8_t> bytes,
           const Digest& digest);
  /// After the last image: all is on the disk then, without names.
  void finish();
  /// The joining file comes last.
  void publish();

  uint64_t num_bytes() const { return contents_.num_bytes(); }
  size_t num_images() const { return contents_.num_images(); }
  /// Of the images; 0 without shards.
  size_t num_shards() const { return shards_.size(); }
  std::vector<std::string> shard_names() const;

 private:
  void begin_shard();
  void end_shard();

  std::filesystem::path target_;
  StartsShard starts_shard_;
  PackContents contents_;        ///< of all
  PackContents shard_contents_;  ///< of the shard under way; not used without shards
  uint64_t file_bytes_ = 0;      ///< of images in the file under way
  std::vector<std::unique_ptr<NewFile>> files_;
  std::vector<PackShard> shards_;
  std::unique_ptr<NewFile> joint_;
};

}  // namespace skein
