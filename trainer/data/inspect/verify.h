#pragma once
// Reads every image of a source as a training would, and reports all that cannot be read.

#include <functional>
#include <string>
#include <vector>

#include "trainer/data/image_source.h"

namespace skein {

struct BadImage {
  size_t index;
  std::string cause;  ///< with the image's name
};

/// Called after each image; may be empty.
using InspectProgress = std::function<void(size_t num_done, size_t num_images)>;

/// Decodes all images on `num_workers` threads; those of a pack are compared with their SHA-256 first. In order.
std::vector<BadImage> find_bad_images(const ImageSource& source, size_t num_workers, const InspectProgress& progress = nullptr);

}  // namespace skein
