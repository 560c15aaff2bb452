#pragma once
// The training and validation images of a training, checked before anything is built on them.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/cache/cached_source.h"
#include "trainer/data/image_source.h"
#include "trainer/options/train_options.h"

namespace skein {

struct TrainingData {
  std::shared_ptr<const ImageSource> training;
  std::shared_ptr<const ImageSource> validation;
  std::vector<std::shared_ptr<const CachedSource>> caches;  ///< the same two, where they are cached

  std::size_t num_classes() const { return training->classes().size(); }
  /// "240 training and 200 validation images of 2 classes"
  std::string summary() const;
  /// Equal where names, order and labels of all images are; packed files that keep the bytes of a folder's files have that
  /// folder's, others another one.
  std::string fingerprint() const;
  /// "images are cached in memory, up to 3.2 GiB on each rank"; empty without a cache.
  std::string cache_plan() const;
  /// What the caches hold by now, and how often they helped; empty without a cache.
  std::string cache_report() const;
};

/// Reads DATA_PATH/train and DATA_PATH/val, folders or packed files (train.h5, val.h5), through the cache that is asked
/// for. Throws DataError naming the path (see ImageFolder, PackedImages), also where there is only one class, UsageError where
/// a step of all ranks takes more images than there are, and StorageError for a cache that cannot be written.
TrainingData open_training_data(const TrainOptions& options, int world_size, int num_local_ranks);

}  // namespace skein
