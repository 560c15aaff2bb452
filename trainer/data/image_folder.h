#pragma once
// A folder with one subfolder for each class, as torchvision's ImageFolder reads it:
//
//   ROOT/chicken/001.jpg   ROOT/chicken/barn/002.jpg   ROOT/turkey/001.png
//
// Classes are the subfolders of ROOT in byte order of their names, and a class's number is its place in that
// order. Its images are all files below it whose names end in .jpg, .jpeg or .png (in any case), folders in
// byte order of their paths, files by name. Links to folders and files are followed.

#include <filesystem>
#include <string>
#include <vector>

#include "trainer/data/image_source.h"

namespace skein {

class ImageFolder : public ImageSource {
 public:
  /// Lists `root` with the classes found there. Throws DataError naming the path: root missing or not a
  /// folder, no class folder in it, a class folder without an image.
  explicit ImageFolder(const std::filesystem::path& root);

  /// Lists `root` (a validation set) with the classes and numbers of another source (the training set). A
  /// class of `classes` that has no folder here is allowed: none of its images are validated. Throws
  /// DataError as above, and where `root` holds classes that are not among `classes`: all of them are named.
  ImageFolder(const std::filesystem::path& root, const ImageSource& training);

  size_t num_images() const override { return images_.size(); }
  const std::vector<std::string>& classes() const override { return classes_; }
  int64_t label(size_t index) const override { return images_.at(index).label; }
  std::string name(size_t index) const override { return path(index).string(); }
  StoredImage read(size_t index, std::vector<uint8_t>& buffer) const override;
  std::string relative_name(size_t index) const override { return images_.at(index).file; }
  std::string place() const override { return root_.string(); }
  ImageStamp stamp(size_t index) const override;
  /// Files ending in .bmp, .gif, .tif, .tiff or .webp.
  size_t num_other_images() const override { return num_other_images_; }

  std::filesystem::path path(size_t index) const;
  const std::filesystem::path& root() const { return root_; }

 private:
  struct Image {
    std::string file;  ///< relative to root_
    int64_t label;
  };
  void add_class(const std::string& name);

  std::filesystem::path root_;
  std::vector<std::string> classes_;
  std::vector<Image> images_;
  size_t num_other_images_ = 0;
};

}  // namespace skein
