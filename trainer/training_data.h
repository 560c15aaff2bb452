#pragma once
// The two image folders of a training, checked before anything is built on them.

#include <filesystem>
#include <memory>
#include <string>

#include "trainer/data/image_folder.h"
#include "trainer/options/train_options.h"

namespace skein {

struct TrainingData {
  std::shared_ptr<const ImageFolder> training;
  std::shared_ptr<const ImageFolder> validation;

  std::size_t num_classes() const { return training->classes().size(); }
  /// "240 training and 200 validation images of 2 classes"
  std::string summary() const;
  /// Equal where names, order and labels of all images are.
  std::string fingerprint() const;
};

/// Reads DATA_PATH/train and DATA_PATH/val. Throws DataError naming the path (see ImageFolder), also where
/// there is only one class, and UsageError where a step of all ranks takes more images than there are.
TrainingData open_training_data(const TrainOptions& options, int world_size);

}  // namespace skein
