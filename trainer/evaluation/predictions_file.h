#pragma once
// predictions.csv: what the network says of every image.

#include <filesystem>
#include <span>

#include "runtime/run/atomic_file.h"
#include "trainer/data/image_source.h"
#include "trainer/evaluation/image_record.h"

namespace skein {

/// One line an image: name, label, prediction, loss, and the most probable classes with their probabilities (docs/formats.md).
/// Appears whole, or not at all. `images` must outlive it. All functions throw StorageError.
class PredictionsFile {
 public:
  /// `num_top`: most probable classes of each image, at most kMaxTopClasses.
  PredictionsFile(const std::filesystem::path& file, const ImageSource& images, int num_top);
  void append(std::span<const ImageRecord> records);
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
  const ImageSource& images_;
  int num_top_;
};

}  // namespace skein
