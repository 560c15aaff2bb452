#pragma once
// Weights, momentum and position of a training, on disk.

#include <filesystem>

#include "trainer/learner.h"

namespace torch::nn {
class Module;
}
namespace torch::optim {
class SGD;
}

namespace skein {

/// Writes folder/epoch_NNNN/, which appears whole or not at all, and then removes older ones, so that there
/// is always one:
///   state.safetensors   weights as "model.NAME", momentum as "momentum.NAME"
///   checkpoint.json     {"epochs_done", "steps_done", "best_accuracy", "learning_rate", "format": 1}
/// The same training gives the same bytes. Throws StorageError; then the older checkpoint is still there.
void write_checkpoint(const std::filesystem::path& folder, const torch::nn::Module& module,
                      const torch::optim::SGD& optimizer, const TrainingPosition& position);

}  // namespace skein
