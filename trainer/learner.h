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
#include "trainer/evaluation/image_scores.h"
#include "trainer/parallel/compression_options.h"
#include "trainer/parallel/update_options.h"
#include "trainer/parameter_groups.h"
#include "trainer/tally.h"
#include "trainer/training_position.h"

namespace skein {

struct LearnerOptions {
  std::string model = "resnet18";
  std::int64_t num_classes = 2;
  std::optional<std::filesystem::path> weights;
  bool whole_weights = false;  ///< the weights must be of as many classes; else the last layer stays fresh then
  bool freeze_norm = false;
  bool sync_batch_norm = false;
  bool zero_init_residual = false;
  ParameterGroupOptions groups;
  UpdateOptions rule = SgdOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4};
  StatePlacement placement = StatePlacement::kHost;
  double clip_norm = 0;  ///< 0: none
  std::optional<MovingAverageOptions> moving_average;
  CompressionOptions compression;
  double label_smoothing = 0;
  bool bf16 = false;
  bool channels_last = true;
  std::uint64_t seed = 0;
  int num_threads = 1;  ///< for one operation; set for the whole process
  std::string settings = "{}";  ///< a JSON object of flags, kept in checkpoints: what has changed is said on resuming
};

struct Checkpoint;

/// What is written beside a checkpoint.
enum class ModelFiles {
  kNone,
  kLast,         ///< model.safetensors, and model_ema.safetensors where there is an average
  kLastAndBest,  ///< these weights are the best so far: model_best.safetensors too
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

  /// What was taken from the weight file and what was not and, once connected, how gradients travel: lines for the log.
  const std::vector<std::string>& notes() const;

  /// Takes a checkpoint, read from `directory`, that connect() will go on from. On rank 0 alone, which hands it on. Throws
  /// DataError, naming what does not fit, for one of another model, optimizer, seed or data (`data_fingerprint`).
  TrainingPosition open_checkpoint(const std::filesystem::path& directory, std::shared_ptr<const Checkpoint> checkpoint,
                                   const std::string& data_fingerprint);

  /// From here on gradients are averaged over the ranks of `communicator`, which must outlive this object.
  /// Collective; call it once, before training. Every rank gets rank 0's values, those of its checkpoint if it has opened
  /// one: with the same number of ranks the training goes on bit for bit, with another one correctly.
  void connect(Communicator& communicator);

  // A step: begin_step, accumulate for each of its batches, update.

  /// `momentum`: of the rule, beta1 of AdamW and LAMB; empty: it stays.
  void begin_step(double learning_rate, std::optional<double> momentum = std::nullopt);
  /// Forward and backward over `batch`; null or empty counts as no images. The gradient of the sum of the
  /// images' losses times `weight` is added. With `is_last` the gradients are then averaged over the ranks.
  /// Collective if `is_last`, and always with sync_batch_norm. A single image of at most 32 pixels gives a BatchNorm that is
  /// not synchronized no statistics (one value a channel): it is normalised with the running ones.
  Tally accumulate(const Batch* batch, double weight, bool is_last);
  /// Updates the parameters by all gradients times `gradient_scale`. Returns their norm, where they are clipped.
  /// Collective.
  double update(double gradient_scale);
  /// Drops the gradients.
  void skip_update();

  /// Forward only, with the running statistics of BatchNorm. Fills in `scores` of each image, if given.
  Tally evaluate(const Batch& batch, ImageScores* scores = nullptr);

  /// Makes the running statistics equal on all ranks. Collective.
  void synchronize_buffers();
  /// Throws MismatchError unless all ranks hold bit-identical models. Collective.
  void check_identical();
  /// Seconds that backward passes have waited for other ranks since the last call.
  double take_exposed_seconds();

  /// With a moving average: the model computes with it until the second call. Collective.
  void exchange_with_average();

  /// Bytes of all parameters and buffers.
  std::uint64_t model_bytes() const;

  /// Where rank 0 puts checkpoints/, model.safetensors, model_best.safetensors and model_ema.safetensors.
  void set_outputs(const std::filesystem::path& outputs, int keep_last, int keep_best);
  /// Begins to write a checkpoint and the model files; `score` decides which are the best. Training may go on meanwhile. The one before is
  /// waited for. Collective. Throws StorageError where the one before could not be written.
  void save_checkpoint(const TrainingPosition& position, const std::string& data_fingerprint, ModelFiles models,
                       std::optional<double> score = std::nullopt);
  bool is_writing_checkpoint() const;
  /// Returns when everything is on the disk. Throws StorageError.
  void wait_for_checkpoint();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Version of the LibTorch that the program was built with.
std::string torch_version();

}  // namespace skein
