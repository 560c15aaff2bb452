#pragma once
// The training loop: epochs of steps, evaluation, and what is written down about them.

#include <filesystem>

#include "collectives/communicator.h"
#include "trainer/data/distributed_sampler.h"
#include "trainer/data/loader.h"
#include "trainer/learner.h"
#include "trainer/learning_rate.h"
#include "trainer/progress.h"
#include "trainer/run_journal.h"
#include "trainer/tally.h"
#include "trainer/train_options.h"
#include "trainer/training_data.h"

namespace skein {

/// What the loop works with; everything must outlive it.
struct TrainerParts {
  const TrainOptions& options;
  const TrainingData& data;
  Learner& learner;  ///< connected
  Communicator& communicator;
  RunJournal& journal;
  Progress& progress;
};

/// Every rank has one and calls the same functions, all of them collective. A step's gradient is that of the
/// mean loss over the images of all ranks, however they are dealt out; evaluation counts every image once.
/// Only rank 0 writes files.
class Trainer {
 public:
  /// Starts the loaders' threads. `outputs`: where rank 0 puts models and checkpoints.
  Trainer(const TrainerParts& parts, int num_workers, const std::filesystem::path& outputs);

  /// All epochs, each with an evaluation at its end. Throws whatever goes wrong on this rank or was reported
  /// by another.
  void train();
  /// Only the evaluation (--test-only).
  void test();

 private:
  struct EpochTiming {
    double seconds = 0;
    double exposed_seconds = 0;
    std::int64_t num_steps = 0;
  };

  Tally train_epoch(int epoch, EpochTiming& timing);
  Tally train_step(std::size_t first_batch, std::size_t num_batches, double rate);
  Tally evaluate(int epoch);
  Tally sum_over_ranks(const Tally& local, const char* name);
  void report_step(int epoch, const Tally& step, const Tally& epoch_so_far, double seconds);
  void report_evaluation(const Tally& tally, int epoch);
  void report_epoch(int epoch, const Tally& training, const Tally& validation, const EpochTiming& timing);
  void note_skipped(const Loader& loader, const char* metric, int epoch);
  void keep_model(int epoch, double accuracy);
  void describe_metrics();
  bool is_main() const { return parts_.communicator.rank() == 0; }
  std::size_t num_steps() const;

  TrainerParts parts_;
  LearningRateOptions rate_;
  DistributedSampler training_sampler_;
  DistributedSampler validation_sampler_;
  Loader training_loader_;
  Loader validation_loader_;
  std::filesystem::path outputs_;
  Clock::time_point started_;
  Clock::time_point last_checkpoint_;
  std::int64_t num_steps_done_ = 0;  ///< of the optimizer
  double best_accuracy_ = -1;
};

}  // namespace skein
