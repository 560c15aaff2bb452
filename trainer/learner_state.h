#pragma once
// What a Learner holds; shared by the source files that implement it.

#include <torch/types.h>

#include <nlohmann/json_fwd.hpp>

#include "trainer/learner.h"
#include "trainer/models/resnet.h"
#include "trainer/parallel/checkpoint.h"
#include "trainer/parallel/distributed_optimizer.h"
#include "trainer/parallel/gradient_compression.h"
#include "trainer/weights/tensor_file.h"

namespace skein {

struct Learner::State {
  LearnerOptions options;
  Resnet model{nullptr};
  std::vector<ParameterGroup> parameter_groups;
  std::shared_ptr<GradientCompression> compression;  ///< null: none
  std::unique_ptr<DistributedOptimizer> optimizer;
  Communicator* communicator = nullptr;
  std::unique_ptr<Communicator> norm_communicator;  ///< with sync_batch_norm
  std::vector<std::string> notes;

  // Checkpoints, on rank 0
  std::shared_ptr<const Checkpoint> opened;  ///< until connect()
  std::filesystem::path outputs;
  std::unique_ptr<CheckpointWriter> writer;

  DataParallel& parallel() { return optimizer->parallel(); }
  torch::Tensor images(const Batch& batch) const;
  torch::Tensor logits(const Batch& batch);
  torch::Tensor mean_loss(const torch::Tensor& logits, const torch::Tensor& labels) const;
  Tally tally(const torch::Tensor& logits, const torch::Tensor& labels, const torch::Tensor& loss) const;
  void fill_scores(const torch::Tensor& logits, const torch::Tensor& labels, ImageScores& scores) const;
  Tally forward_backward(const Batch& batch, double weight);
  void note_compression();
  void set_training(bool training);
  void set_norm_training(bool training);

  nlohmann::json facts(const TrainingPosition& position, const std::string& data_fingerprint) const;
  /// What differs from rank to rank, besides the state of the random numbers: buffers, and what compression has kept.
  std::vector<torch::Tensor> rank_tensors() const;
  /// Those and the state of the random numbers, as bytes.
  torch::Tensor rank_state() const;
  /// Gives every rank its row of rank 0's `rank_states`; where these are of another number of ranks the averages, or row 0
  /// for what is not a floating-point number, and random numbers as they are. Collective.
  void restore_rank_state(const torch::Tensor& rank_states);
  torch::Tensor mean_rank_state(const torch::Tensor& rank_states) const;
};

}  // namespace skein
