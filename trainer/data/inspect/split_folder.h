#pragma once
// Divides one folder of class folders into train, val and test, class by class.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace skein {

enum class SplitLink { kHard, kSymbolic, kCopy };

struct SplitOptions {
  std::filesystem::path source;  ///< SOURCE/CLASS/IMAGE.jpg
  std::filesystem::path out;     ///< becomes OUT/train/CLASS/IMAGE.jpg and so on; must not exist, or be empty
  double val_share = 0.2;        ///< of each class
  double test_share = 0;
  uint64_t seed = 0;
  SplitLink link = SplitLink::kHard;
  /// Not empty: images of a class whose names are equal up to the first such text in them stay together ("_" with
  /// bird7_1.jpg and bird7_2.jpg).
  std::string group_separator;
};

struct SplitSummary {
  struct Part {
    std::string name;
    size_t num_images = 0;
  };
  std::vector<Part> parts;  ///< train, val, test
  size_t num_classes = 0;
};

/// Which image goes where depends on its relative name (with groups, on its group's) and the seed only, and on how many its
/// class has. OUT appears when it is whole. Throws UsageError, DataError (a class with too few images or groups: it is
/// named), StorageError.
SplitSummary split_folder(const SplitOptions& options);

}  // namespace skein
