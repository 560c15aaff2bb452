// What the training loop writes into the run and shows to the user.

#include <algorithm>

#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "trainer/rank_timing.h"
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
    if (parts_.options.clip_grad_norm > 0) journal.describe("train/gradient_norm", "", "");
  }
  for (const std::string prefix : {"val", "val_ema"}) {
    if (prefix == "val_ema" && !parts_.options.model_ema) continue;
    journal.describe(prefix + "/loss", "", "minimize");
    journal.describe(prefix + "/accuracy", "%", "maximize");
    if (parts_.data.num_classes() > 5) journal.describe(prefix + "/accuracy_top5", "%", "maximize");
  }
}

void Trainer::warn_of_late_compression() const {
  const TrainOptions& options = parts_.options;
  const auto num_all = static_cast<std::int64_t>(num_steps()) * options.epochs;
  if (is_main() && compresses_with_feedback(options) && options.compression_start >= num_all)
    log_warning(concat("--compression-start ", options.compression_start, ": the training has ", num_all,
                       " steps, so nothing is compressed"));
}

void Trainer::report_step(int epoch, const StepOutcome& step, const Tally& epoch_so_far, const EpochTiming& timing) {
  parts_.journal.log("train/step_loss", step.tally.mean_loss(), position_.num_steps_done, epoch);
  if (parts_.options.clip_grad_norm > 0)
    parts_.journal.log("train/gradient_norm", step.gradient_norm, position_.num_steps_done, epoch);
  if (changes_within_epochs(rate_)) parts_.journal.log("train/learning_rate", step.learning_rate, position_.num_steps_done, epoch);
  const auto steps_per_epoch = static_cast<std::int64_t>(num_steps());
  const std::int64_t steps_left = steps_per_epoch * parts_.options.epochs - position_.num_steps_done;
  const double seconds_so_far = seconds_since(started_);
  StepProgress progress;
  progress.epoch = epoch;
  progress.num_epochs = parts_.options.epochs;
  progress.step = position_.num_steps_done - epoch * steps_per_epoch;
  progress.num_steps = steps_per_epoch;
  progress.loss = epoch_so_far.mean_loss();
  progress.accuracy = epoch_so_far.accuracy();
  progress.images_per_second = timing.num_images / timing.seconds;
  progress.seconds_left =
      seconds_so_far / static_cast<double>(position_.num_steps_done - first_step_) * static_cast<double>(steps_left);
  parts_.progress.step(progress);
}

void Trainer::report_evaluation(const std::string& prefix, const Tally& tally) {
  const auto log = [&](const char* name, double value) {
    parts_.journal.log(prefix + name, value, position_.num_steps_done, position_.epoch);
  };
  log("/loss", tally.mean_loss());
  log("/accuracy", tally.accuracy());
  if (parts_.data.num_classes() > 5) log("/accuracy_top5", tally.accuracy_top5());
}

void Trainer::write_evaluation() {
  evaluation_outputs_.write_images();
  if (!evaluation_outputs_.report()) return;
  for (const std::string& line : report_table(*evaluation_outputs_.report())) {
    log_info(line);
    parts_.progress.message(line);
  }
}

/// A checkpoint at the end of an epoch counts to the next one.
void Trainer::report_timing(const EpochTiming& timing) {
  timer_.move(StepPhase::kCompute, StepPhase::kGradientWait, timing.exposed_seconds);
  RankTiming of_all = gather_timing(parts_.communicator, timer_.take());
  of_all.epoch = position_.epoch;
  of_all.step = position_.num_steps_done;
  of_all.num_steps = timing.num_steps;
  parts_.journal.log_timing(of_all);
}

void Trainer::report_epoch(int epoch, const Tally& training, const Tally& validation, const EpochTiming& timing) {
  RunJournal& journal = parts_.journal;
  const double wait_ms = 1000 * timing.exposed_seconds / static_cast<double>(std::max<std::int64_t>(1, timing.num_steps));
  journal.log("train/loss", training.mean_loss(), position_.num_steps_done, epoch);
  journal.log("train/accuracy", training.accuracy(), position_.num_steps_done, epoch);
  if (!changes_within_epochs(rate_))
    journal.log("train/learning_rate", learning_rate(rate_, {.epoch = epoch}), position_.num_steps_done, epoch);
  if (timing.num_steps > 0) {  // none where only the evaluation was left to do
    journal.log("train/images_per_second", timing.num_images / timing.seconds, position_.num_steps_done, epoch);
    journal.log("train/gradient_wait_ms", wait_ms, position_.num_steps_done, epoch);
  }
  if (position_.num_steps_skipped > 0)
    journal.log("train/skipped_steps", static_cast<double>(position_.num_steps_skipped), position_.num_steps_done, epoch);
  journal.save_metrics();
  log_info(concat("epoch ", epoch + 1, ": train loss ", training.mean_loss(), ", accuracy ", training.accuracy(),
                  " %; val loss ", validation.mean_loss(), ", accuracy ", validation.accuracy(),
                  " %; this rank waited ", wait_ms, " ms a step for gradients"));
  if (const std::string cache = parts_.data.cache_report(); !cache.empty()) log_info(cache);
}

}  // namespace skein
