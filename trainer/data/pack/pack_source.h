#pragma once
// Packs all images of a source: read, re-encoded and digested by several threads, written in order.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainer/data/image_source.h"
#include "trainer/data/pack/pack_writer.h"

namespace skein {

struct PackOptions {
  PackRecipe recipe;
  size_t num_workers = 1;
  std::optional<size_t> num_shards;     ///< of about the same number of bytes; without this and the next, one file
  std::optional<uint64_t> shard_bytes;  ///< of images, at most, but for single images that are larger
  bool skips_unreadable = false;        ///< else the first such image is an error
  std::function<void(size_t num_done, size_t num_images)> progress;  ///< called after each image; may be empty
};

/// What became of one source.
struct PackedSource {
  std::unique_ptr<PackWriter> writer;  ///< finished, not published
  size_t num_skipped = 0;
  std::vector<std::string> skipped;  ///< why, of the first ten
};

/// Throws UsageError for options that make no sense for the source.
void check_pack_options(const PackOptions& options, const ImageSource& source);

/// Bytes that the pack takes for sure; what cannot be told before is left out.
uint64_t least_pack_bytes(const PackOptions& options, const ImageSource& source);

/// Throws DataError naming the first image that cannot be read, and StorageError. The same bytes for any number of workers.
PackedSource pack_source(const ImageSource& source, const std::filesystem::path& target, const PackOptions& options);

}  // namespace skein
