#pragma once
// Turns a pair of IDX files into one split of an image folder: OUT/SPLIT/CLASS/NUMBER.png, NUMBER being the
// picture's place in the IDX file. OUT/.skein-import.json notes what was asked for and what was written
// (import_record.h), so that asking again does nothing, and asking for something else over it is refused.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace skein {

struct IdxImport {
  std::filesystem::path images;
  std::filesystem::path labels;
  std::filesystem::path out;
  std::string split = "train";
  std::vector<std::string> classes;  ///< folder names by label; empty: the labels' numbers
  std::vector<std::string> only;     ///< classes to import; empty: all
  std::optional<std::int64_t> limit_per_class;
  std::int64_t offset_per_class = 0;  ///< pictures of each class left out at its start
  std::string format = "png";         ///< png or jpeg
  std::optional<int> quality;         ///< of jpeg, 1 to 100; 90 where not given
};

struct ImportSummary {
  size_t num_images = 0;
  size_t num_classes = 0;
  bool was_complete = false;  ///< the same import was there already, nothing was written
};

/// Blocks until the files are written; none is ever visible in part. An import that was cut off is completed
/// by asking again. Throws UsageError for options that make no sense, DataError for IDX files that are wrong
/// or do not belong together (before anything is written) and where a class folder holds other files,
/// StorageError where files cannot be written.
ImportSummary import_idx(const IdxImport& options);

}  // namespace skein
