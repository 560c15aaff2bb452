#pragma once
// Finds the images that a path stands for: a folder or a packed file, a split or a whole data set.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/image_source.h"

namespace skein {

/// A folder with class folders, or a packed file; with the classes and numbers of `training` where it is given. Throws
/// DataError naming the path (see ImageFolder, PackedImages).
std::shared_ptr<const ImageSource> open_source(const std::filesystem::path& path, const ImageSource* training = nullptr);

/// DATA_SET/NAME (a folder) or DATA_SET/NAME.h5 (a packed file). Throws DataError where there is neither, and where there
/// are both.
std::filesystem::path find_split(const std::filesystem::path& data_set, const std::string& name);

struct NamedSource {
  std::string name;  ///< "train", "val", "test"; empty where the path is a split itself
  std::shared_ptr<const ImageSource> source;
};

/// Of a data set (a folder that holds both splits train and val): train, val and, where it is there, test, the latter two
/// with the classes of train. Of any other path: that one. Throws DataError as above.
std::vector<NamedSource> open_sources(const std::filesystem::path& path);

}  // namespace skein
