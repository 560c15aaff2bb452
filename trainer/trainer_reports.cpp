// What the training loop writes into the run and shows to the user.

#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "trainer/trainer.h"

namespace skein {

void Trainer::describe_metrics() {
  RunJournal& journal = parts_.journal;
  if (!parts_.options.test_only) {
    journal.describe("train/step_loss", "", "minimize");
    journal.describe("train/loss", "", "minimize");
    journal.describe("train/accuracy", "%", "maximize");
    journal.describe("train/learning_rate", "", "");
    journal.describe("train/images_per_second", "images/s", "maximize");
    journal.describe("train/gradient_wait_ms", "ms", "minimize");
  }
  journal.describe("val/loss", "", "minimize");
  journal.describe("val/accuracy", "%", "maximize");
  if (parts_.data.num_classes() > 5) journal.describe("val/accuracy_top5", "%", "maximize");
}

void Trainer::report_step(int epoch, const Tally& step, const Tally& epoch_so_far, double seconds) {
  parts_.journal.log("train/step_loss", step.mean_loss(), num_steps_done_, epoch);
  const auto steps_per_epoch = static_cast<std::int64_t>(num_steps());
  const std::int64_t steps_left = steps_per_epoch * parts_.options.epochs - num_steps_done_;
  const double seconds_so_far = std::chrono::duration<double>(Clock::now() - started_).count();
  StepProgress progress;
  progress.epoch = epoch;
  progress.num_epochs = parts_.options.epochs;
  progress.step = num_steps_done_ - epoch * steps_per_epoch;
  progress.num_steps = steps_per_epoch;
  progress.loss = epoch_so_far.mean_loss();
  progress.accuracy = epoch_so_far.accuracy();
  progress.images_per_second = epoch_so_far.num_images / seconds;
  progress.seconds_left = seconds_so_far / static_cast<double>(num_steps_done_) * static_cast<double>(steps_left);
  parts_.progress.step(progress);
}

void Trainer::report_evaluation(const Tally& tally, int epoch) {
  RunJournal& journal = parts_.journal;
  journal.log("val/loss", tally.mean_loss(), num_steps_done_, epoch);
  journal.log("val/accuracy", tally.accuracy(), num_steps_done_, epoch);
  if (parts_.data.num_classes() > 5) journal.log("val/accuracy_top5", tally.accuracy_top5(), num_steps_done_, epoch);
}

void Trainer::report_epoch(int epoch, const Tally& training, const Tally& validation, const EpochTiming& timing) {
  RunJournal& journal = parts_.journal;
  const double wait_ms = 1000 * timing.exposed_seconds / static_cast<double>(timing.num_steps);
  journal.log("train/loss", training.mean_loss(), num_steps_done_, epoch);
  journal.log("train/accuracy", training.accuracy(), num_steps_done_, epoch);
  journal.log("train/learning_rate", learning_rate(rate_, epoch), num_steps_done_, epoch);
  journal.log("train/images_per_second", training.num_images / timing.seconds, num_steps_done_, epoch);
  journal.log("train/gradient_wait_ms", wait_ms, num_steps_done_, epoch);
  journal.save_metrics();
  log_info(concat("epoch ", epoch + 1, ": train loss ", training.mean_loss(), ", accuracy ", training.accuracy(),
                  " %; val loss ", validation.mean_loss(), ", accuracy ", validation.accuracy(),
                  " %; this rank waited ", wait_ms, " ms a step for gradients"));
}

}  // namespace skein
