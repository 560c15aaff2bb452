// When the training loop saves where it stands, and when it stops.

#include <algorithm>
#include <limits>
#include <optional>

#include "collectives/objects.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "trainer/parallel/reduce_sums.h"
#include "trainer/trainer.h"

namespace skein {
namespace {

constexpr double kReserveSeconds = 30;  ///< for writing the last checkpoint and leaving

/// What is left of the job, by its limit and by Slurm's, less a reserve.
double seconds_left(const TrainOptions& options, Clock::time_point started, std::optional<double> job_ends) {
  double left = std::numeric_limits<double>::infinity();
  if (options.max_time > 0)
    left = options.max_time - seconds_since(started) - std::min(kReserveSeconds, 0.1 * options.max_time);
  if (job_ends) left = std::min(left, *job_ends - unix_seconds() - kReserveSeconds);
  return left;
}

}  // namespace

/// Rank 0 watches the clock: some steps and snapshots must fit into what is left.
bool Trainer::wants_stop() {
  if (is_main()) {
    const double left = seconds_left(parts_.options, started_, job_ends_);
    if (left < 3 * step_seconds_ + 2 * save_seconds_)
      parts_.stop.ask("the time limit is near");
  }
  return parts_.stop.asked();
}

bool Trainer::is_checkpoint_due() const {
  return is_main() && !parts_.learner.is_writing_checkpoint() &&
         seconds_since(last_checkpoint_) >= parts_.options.checkpoint_seconds && parts_.options.checkpoint_seconds > 0;
}

/// The next epoch has not begun.
void Trainer::end_epoch(const Tally& validation) {
  const double accuracy = validation.accuracy();
  const bool is_best = accuracy > position_.best_accuracy;
  const TrainingPosition done = position_;
  position_ = {.epoch = done.epoch + 1,
               .num_steps_done = done.num_steps_done,
               .num_steps_skipped = done.num_steps_skipped,
               .best_accuracy = std::max(done.best_accuracy, accuracy),
               .early_stopping = after_epoch(early_stopping_, done.early_stopping, done.epoch, validation)};
  const bool is_last = position_.epoch == parts_.options.epochs || !early_end().empty();
  double is_due = is_last || is_best ||
                          seconds_since(last_checkpoint_) >= parts_.options.checkpoint_seconds
                      ? is_main()
                      : 0;
  reduce_sums(parts_.communicator, std::span(&is_due, 1), "checkpoint at the end of an epoch");
  if (is_due > 0) save_checkpoint(is_best ? ModelFiles::kLastAndBest : ModelFiles::kLast, accuracy);
}

/// A failure to write one is no reason to end a training that may still write the next.
void Trainer::save_checkpoint(ModelFiles models, std::optional<double> score) {
  const PhaseScope saving(timer_, StepPhase::kCheckpoint);
  const auto start = Clock::now();
  try {
    parts_.learner.wait_for_checkpoint();
  } catch (const StorageError& error) {
    log_warning(concat("the last checkpoint was not written: ", error.what()));
  }
  parts_.learner.save_checkpoint(position_, parts_.data.fingerprint(), models, score);
  last_checkpoint_ = Clock::now();
  save_seconds_ = std::max(save_seconds_, seconds_since(start));
  log_debug(concat("snapshot for a checkpoint taken in ", seconds_since(start), " s"));
}

std::string Trainer::early_end() const {
  return is_over(early_stopping_, position_.early_stopping) ? describe(early_stopping_, position_.early_stopping) : "";
}

std::string Trainer::leave() {
  save_checkpoint(ModelFiles::kNone);
  parts_.learner.wait_for_checkpoint();
  const std::vector<std::string> reasons = allgather_objects(parts_.communicator, parts_.stop.reason());
  const auto first = std::find_if(reasons.begin(), reasons.end(), [](const std::string& text) { return !text.empty(); });
  return concat(*first, first == reasons.begin() && parts_.communicator.world_size() == 1 ? "" : concat(" (rank ", first - reasons.begin(), ")"),
                "; saved after step ", position_.num_steps_done);
}

}  // namespace skein
