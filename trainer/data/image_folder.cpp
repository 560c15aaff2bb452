#include "trainer/data/image_folder.h"

#include <algorithm>
#include <cctype>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/file_bytes.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

constexpr const char* kLayoutRemedy =
    "expected ROOT/CLASS/IMAGE.jpg: one folder for each class, its .jpg, .jpeg or .png files in it";

enum class FileKind { kImage, kOtherImage, kNoImage };

FileKind kind_of(const fs::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  if (ending == ".jpg" || ending == ".jpeg" || ending == ".png") return FileKind::kImage;
  for (const char* other : {".bmp", ".gif", ".tif", ".tiff", ".webp"})
    if (ending == other) return FileKind::kOtherImage;
  return FileKind::kNoImage;
}

std::vector<std::string> find_classes(const fs::path& root) {
  std::vector<std::string> classes;
  for (const auto& entry : fs::directory_iterator(root))
    if (entry.is_directory()) classes.push_back(entry.path().filename().string());
  std::sort(classes.begin(), classes.end());
  return classes;
}

std::vector<std::string> require_classes(const fs::path& root) {
  std::error_code error;
  if (!fs::exists(root, error))
    throw DataError(concat("image folder ", root.string(), " does not exist"), kLayoutRemedy);
  if (!fs::is_directory(root, error)) throw DataError(concat(root.string(), " is not a folder"), kLayoutRemedy);
  try {
    std::vector<std::string> classes = find_classes(root);
    if (classes.empty())
      throw DataError(concat("image folder ", root.string(), " holds no class folder"), kLayoutRemedy);
    return classes;
  } catch (const fs::filesystem_error& failure) {
    throw DataError(concat("cannot list image folder ", root.string(), ": ", failure.code().message()));
  }
}

/// The folder itself and every folder below it.
std::vector<fs::path> folders_within(const fs::path& top) {
  std::vector<fs::path> folders{top};
  const auto options = fs::directory_options::follow_directory_symlink;
  for (const auto& entry : fs::recursive_directory_iterator(top, options))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return folders;
}

struct Listing {
  std::vector<fs::path> images;
  size_t num_other_images = 0;
};

Listing list_images(const fs::path& class_folder) {
  Listing listing;
  for (const fs::path& folder : folders_within(class_folder)) {
    const size_t start = listing.images.size();
    for (const auto& entry : fs::directory_iterator(folder)) {
      const FileKind kind = kind_of(entry.path());
      if (kind == FileKind::kNoImage || entry.is_directory()) continue;
      if (kind == FileKind::kImage) listing.images.push_back(entry.path());
      if (kind == FileKind::kOtherImage) ++listing.num_other_images;
    }
    std::sort(listing.images.begin() + start, listing.images.end(),
              [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  }
  return listing;
}

}  // namespace

ImageFolder::ImageFolder(const fs::path& root) : root_(root), classes_(require_classes(root)) {
  for (const std::string& name : classes_) add_class(name);
}

ImageFolder::ImageFolder(const fs::path& root, const ImageSource& training)
    : root_(root), classes_(training.classes()) {
  const std::vector<std::string> found = require_classes(root);
  require_known_classes(root.string(), found, training);
  for (const std::string& name : found) add_class(name);
}

void ImageFolder::add_class(const std::string& name) try {
  const Listing listing = list_images(root_ / name);
  if (listing.images.empty())
    throw DataError(concat("class folder ", (root_ / name).string(), " holds no .jpg, .jpeg or .png file"),
                    "put images in it or remove the folder");
  const size_t prefix_length = (root_ / "").native().size();
  for (const fs::path& image : listing.images)
    images_.push_back({image.native().substr(prefix_length), class_index(name)});
  num_other_images_ += listing.num_other_images;
} catch (const fs::filesystem_error& failure) {
  throw DataError(concat("cannot list class folder ", (root_ / name).string(), ": ", failure.code().message()));
}

fs::path ImageFolder::path(size_t index) const {
  return root_ / images_.at(index).file;
}

StoredImage ImageFolder::read(size_t index, std::vector<uint8_t>& buffer) const {
  return {read_file(path(index), buffer), {}};
}

ImageStamp ImageFolder::stamp(size_t index) const {
  return stamp_of(path(index));
}

}  // namespace skein
