#pragma once
// OUT/.skein-import.json: which imports were made into an image folder.
//
//   {"imports": [{"split": "train", "parameters": {...}, "complete": true,
//                 "folders": {"coat": {"files": 120, "bytes": 51234}}}]}
//
// An entry is written with "complete": false before the first picture and again when all are there.

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace skein {

/// What an import left in one class folder.
struct FolderContent {
  std::uint64_t num_files = 0;
  std::uint64_t num_bytes = 0;
  bool operator==(const FolderContent&) const = default;
};

struct ImportEntry {
  std::string split;
  nlohmann::json parameters;  ///< all that decides about the result
  bool complete = false;
  std::map<std::string, FolderContent> folders;  ///< by class name
};

class ImportRecord {
 public:
  /// Reads the record of the image folder `out`; empty where there is none. Throws DataError where it is
  /// damaged.
  explicit ImportRecord(const std::filesystem::path& out);

  /// The entry with that split and those parameters, or nullptr.
  const ImportEntry* find(const std::string& split, const nlohmann::json& parameters) const;
  /// Adds the entry, or replaces the one with the same split and parameters, and writes the file.
  void put(const ImportEntry& entry);

 private:
  std::filesystem::path file_;
  std::vector<ImportEntry> entries_;
};

/// Files in `folder` and their bytes; nothing where the folder does not exist. Unfinished temporaries do not
/// count.
FolderContent content_of(const std::filesystem::path& folder);

}  // namespace skein
