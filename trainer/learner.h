#pragma once
// The model, its optimizer and its gradients' way to the other ranks, behind a header without LibTorch: what
// the training loop asks for, batch by batch.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "trainer/data/batch.h"
#include "trainer/tally.h"

namespace skein {

struct LearnerOptions {
  std::string model = "resnet18";
  std::int64_t num_classes = 2;
  std::optional<std::filesystem::path> weights;
  bool freeze_norm = false;
  double momentum = 0.9;
  double weight_decay = 1e-4;
  bool nesterov = false;
  double label_smoothing = 0;
  bool bf16 = false;
  bool channels_last = true;
  std::uint64_t seed = 0;
  int num_threads = 1;  ///< for one operation; set for the whole process
};

/// Where in the training a checkpoint was taken.
struct TrainingPosition {
  int num_epochs_done = 0;
  std::int64_t num_steps_done = 0;  ///< of the optimizer
  double best_accuracy = 0;         ///< per cent, on the validation images
};

/// One rank's part of the training. Used by one thread.
class Learner {
 public:
  /// Builds the model from the seed, the same on every rank, and fills in the weights. Does not
  /// communicate. Throws DataError naming what does not fit.
  explicit Learner(const LearnerOptions& options);
  ~Learner();
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// What was taken from the weight file and what was not, for the log; a line each.
  const std::vector<std::string>& notes() const;

  /// From here on gradients are averaged over the ranks of `communicator`, which must outlive this object.
  /// Collective; call it once, before training. Every rank gets rank 0's values.
  void connect(Communicator& communicator);

  // A step: begin_step, accumulate for each of its batches, update.

  void begin_step(double learning_rate);
  /// Forward and backward over `batch`; null or empty counts as no images. The gradient of the sum of the
  /// images' losses times `weight` is added. With `is_last` the gradients are then averaged over the ranks.
  /// Collective if `is_last`. A single image of at most 32 pixels gives BatchNorm no statistics (one value a
  /// channel): it is normalised with the running ones.
  Tally accumulate(const Batch* batch, double weight, bool is_last);
  /// Multiplies all gradients.
  void scale_gradients(double factor);
  void update();

  /// Forward only, with the running statistics of BatchNorm.
  Tally evaluate(const Batch& batch);

  /// Makes the running statistics equal on all ranks. Collective.
  void synchronize_buffers();
  /// Throws MismatchError unless all ranks hold bit-identical models. Collective.
  void check_identical();
  /// Seconds that backward passes have waited for other ranks since the last call.
  double take_exposed_seconds();

  /// Bytes of all parameters and buffers.
  std::uint64_t model_bytes() const;
  /// Writes the weights as safetensors, whole or not at all. Throws StorageError.
  void save_model(const std::filesystem::path& file) const;
  /// Keeps a copy of the weights in memory.
  void remember_best();
  /// Writes that copy. Nothing where there is none.
  void save_best(const std::filesystem::path& file) const;
  /// Writes a checkpoint below `folder` and removes older ones (trainer/checkpoint.h). Throws StorageError.
  void save_checkpoint(const std::filesystem::path& folder, const TrainingPosition& position) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Version of the LibTorch that the program was built with.
std::string torch_version();

}  // namespace skein
