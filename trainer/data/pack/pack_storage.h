#pragma once
// The HDF5 side of packed files (docs/formats.md). The library is used while files are opened and finished only; the
// images' bytes never pass through it.
//
// A contiguous dataset needs its length before its first byte, and how long re-encoded images are is known after the
// last. So the bytes are written first, at kPackedBytesOffset of the file. Then HDF5 makes a file of that structure,
// whose dataset of bytes is a hole that takes no space, and what lies around the hole is copied around the bytes.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "trainer/data/pack/new_file.h"
#include "trainer/data/pack/pack_contents.h"

namespace skein {

inline constexpr int kPackSchemaVersion = 1;
/// Where HDF5 1.10 puts the first dataset at the alignment that is asked for; checked each time.
inline constexpr uint64_t kPackedBytesOffset = 20480;
/// Of zeros behind the last image, so that vectors may be loaded from it.
inline constexpr uint64_t kPackPadding = RgbImage::kReadableTail;

/// Makes a packed file of `file`, in which the images lie from kPackedBytesOffset on. Any thread.
/// Throws StorageError, and Error where HDF5 lays files out differently.
void finish_pack(NewFile& file, const PackContents& contents);

/// A part of a pack that lies in a file of its own.
struct PackShard {
  std::string file_name;  ///< in the folder of the pack
  uint64_t num_bytes;     ///< of images
  std::string digest;     ///< content_digest() of the shard, as hexadecimal digits
};

/// Makes of `file` a packed file whose bytes lie in shards: a virtual dataset joins them. Otherwise as above.
void finish_joint_pack(NewFile& file, const PackContents& contents, const std::vector<PackShard>& shards);

/// Where a stretch of a pack's bytes lies.
struct PackSegment {
  std::filesystem::path file;
  uint64_t file_offset;
  uint64_t num_bytes;  ///< that images use; padding may follow
  uint64_t file_bytes;
};

struct OpenedPack {
  PackContents contents;
  Digest digest;                      ///< of the contents
  std::vector<PackSegment> segments;  ///< in order, together contents.num_bytes() or more
};

/// Reads and checks all but the images themselves. Any thread. Throws DataError naming the file: missing, no HDF5, no
/// pack, another schema, truncated, damaged, a shard missing or of another pack.
OpenedPack open_pack(const std::filesystem::path& file);

/// File names of the shards of a pack; empty where it has none or is none.
std::vector<std::string> shards_of(const std::filesystem::path& file);

}  // namespace skein
