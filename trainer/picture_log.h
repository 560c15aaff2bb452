#pragma once
// Pictures of a training for TensorBoard: what the network is given, and what it takes for what.

#include <filesystem>

#include "trainer/data/batch.h"
#include "trainer/run_journal.h"

namespace skein {

/// "train/images": up to 32 images of a batch, as the network sees them.
void log_training_images(RunJournal& journal, const Batch& batch, std::int64_t step);

/// "val/confusion_matrix" and "val/worst_images/01", ... with texts that name classes and images, from confusion_matrix.csv and worst_images.json of `outputs`, each where it is
/// there. What makes no sense becomes a warning in the log.
void log_evaluation_pictures(RunJournal& journal, const std::filesystem::path& outputs, std::int64_t step);

}  // namespace skein
