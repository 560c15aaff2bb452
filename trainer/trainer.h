#pragma once
// The training loop: epochs of steps, evaluation, and what is written down about them.

#include <filesystem>
#include <optional>

#include "collectives/communicator.h"
#include "trainer/data/distributed_sampler.h"
#include "trainer/data/loader.h"
#include "trainer/evaluation/evaluation_outputs.h"
#include "trainer/learner.h"
#include "trainer/learning_rate.h"
#include "trainer/progress.h"
#include "trainer/run_journal.h"
#include "trainer/step_timer.h"
#include "trainer/stop_request.h"
#include "trainer/tally.h"
#include "trainer/options/train_options.h"
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
  StopRequest& stop;
  std::filesystem::path outputs;  ///< on rank 0
};

/// Every rank has one and calls the same functions, all of them collective. A step's gradient is that of the
/// mean loss over the images of all ranks, however they are dealt out; evaluation counts every image once.
/// Only rank 0 writes files.
class Trainer {
 public:
  /// Starts the loaders' threads. `position`: where to go on, the same on all ranks.
  Trainer(const TrainerParts& parts, int num_workers, const TrainingPosition& position = {});

  /// All epochs, each with an evaluation at its end. Where a rank is asked to stop, all leave after the same step, with a
  /// checkpoint; then it returns why, else nothing. Throws whatever goes wrong on this rank or was reported by another.
  std::optional<std::string> train();
  /// Only the evaluation (--test-only).
  void test();
  /// After train(): why it has ended before the last epoch; empty: it has not.
  std::string early_end() const;
  std::int64_t num_steps_done() const { return position_.num_steps_done; }

 private:
  struct EpochTiming {
    double seconds = 0;
    double exposed_seconds = 0;
    std::int64_t num_steps = 0;
    double num_images = 0;
  };

  /// What all ranks know after a step.
  struct StepOutcome {
    Tally tally;
    bool stops = false;
    bool saves = false;
    double gradient_norm = 0;  ///< before clipping; only where gradients are clipped
    double learning_rate = 0;
  };

  DistributedSampler sampler_from(std::int64_t images_done) const;
  /// Set the loaders to work, if they are not yet: the next epoch's first batches get ready while this one is evaluated, and the first ones of
  /// the evaluation while it is trained.
  void prepare_training(int epoch, std::int64_t images_done);
  void prepare_validation();
  /// From the position on; false: stopped on the way.
  bool train_epoch(EpochTiming& timing);
  StepOutcome train_step(const DistributedSampler& sampler, std::size_t first_batch, std::size_t num_batches);
  [[noreturn]] void refuse_loss(const Tally& local);
  /// Nothing: stopped on the way.
  std::optional<Tally> evaluate(const std::string& prefix);
  std::optional<Tally> evaluate_all();
  StepOutcome agree(const Tally& local, const char* name);
  bool wants_stop();
  bool is_checkpoint_due() const;
  void save_checkpoint(ModelFiles models, std::optional<double> score = std::nullopt);
  /// Saves where it stands and tells why all stop.
  std::string leave();
  void report_step(int epoch, const StepOutcome& step, const Tally& epoch_so_far, const EpochTiming& timing);
  void report_evaluation(const std::string& prefix, const Tally& tally);
  /// The files about the last evaluation of the network itself, image by image.
  void write_evaluation();
  void report_epoch(int epoch, const Tally& training, const Tally& validation, const EpochTiming& timing);
  void report_timing(const EpochTiming& timing);
  void note_skipped(const Loader& loader, const char* metric, int epoch);
  void end_epoch(const Tally& validation);
  void describe_metrics();
  void warn_of_late_compression() const;
  bool is_main() const { return parts_.communicator.rank() == 0; }
  std::size_t num_steps() const;
  ScheduleStep schedule_step() const;

  TrainerParts parts_;
  LearningRateOptions rate_;
  EarlyStoppingOptions early_stopping_;
  SamplerOptions sampler_options_;  ///< of training, from the start of an epoch
  DistributedSampler validation_sampler_;
  Loader training_loader_;
  Loader validation_loader_;
  EvaluationOutputs evaluation_outputs_;
  std::optional<int> prepared_epoch_;  ///< that the training loader was started for, and not used yet
  bool is_validation_prepared_ = false;
  TrainingPosition position_;
  StepTimer timer_;
  Clock::time_point started_;
  std::optional<double> job_ends_;  ///< in seconds since 1970; on rank 0
  std::int64_t first_step_ = 0;  ///< of this program, in num_steps_done
  Clock::time_point last_checkpoint_;
  double save_seconds_ = 0;  ///< the longest that a checkpoint took
  double step_seconds_ = 0;  ///< of the last step
};

}  // namespace skein
