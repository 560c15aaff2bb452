#pragma once
// What a Learner holds; shared by the source files that implement it.

#include <torch/types.h>

#include <nlohmann/json_fwd.hpp>

#include "trainer/learner.h"
#include "trainer/models/resnet.h"
#include "trainer/parallel/checkpoint.h"
#include "trainer/parallel/distributed_optimizer.h"
#include "trainer/weights/tensor_file.h"

namespace skein {

struct Learner::State {
  LearnerOptions options;
  Resnet model{nullptr};
  std::unique_ptr<DistributedOptimizer> optimizer;
  Communicator* communicator = nullptr;
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
  Tally forward_backward(const Batch& batch, double weight);
  void set_training(bool training);
  void set_norm_training(bool training);

  nlohmann::json facts(const TrainingPosition& position, const std::string& data_fingerprint) const;
  /// What differs from rank to rank: buffers and the state of the random numbers, as bytes.
  torch::Tensor rank_state() const;
  void set_rank_state(const torch::Tensor& bytes);
  /// Of another number of ranks: every rank takes the averages of the buffers.
  void set_mean_rank_state(const torch::Tensor& bytes_by_rank);
};

}  // namespace skein
