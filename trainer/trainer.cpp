#include "trainer/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "collectives/objects.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "trainer/learner_options.h"
#include "trainer/loading_options.h"
#include "trainer/parallel/allocation.h"
#include "trainer/parallel/reduce_sums.h"
#include "trainer/picture_log.h"
#include "trainer/slurm_job.h"

namespace skein {
namespace {

RankShare share_of(const Communicator& communicator) {
  return {communicator.world_size(), communicator.rank()};
}

EvaluationOutputOptions evaluation_output_options(const TrainerParts& parts) {
  return {parts.outputs, static_cast<std::size_t>(parts.options.worst_images), parts.options.predictions,
          pixel_options(parts.options, false).decode};
}

}  // namespace

Trainer::Trainer(const TrainerParts& parts, int num_workers, const TrainingPosition& position)
    : parts_(parts),
      rate_(learning_rate_options(parts.options)),
      early_stopping_(early_stopping_options(parts.options)),
      sampler_options_(training_sampler_options(parts.options, parts.data.training->num_images(), share_of(parts.communicator))),
      validation_sampler_(validation_sampler_options(parts.options, parts.data.validation->num_images(), share_of(parts.communicator))),
      training_loader_(parts.data.training, training_loader_options(parts.options, num_workers)),
      validation_loader_(parts.data.validation, validation_loader_options(parts.options, num_workers)),
      evaluation_outputs_(*parts.data.validation, parts.communicator, evaluation_output_options(parts)),
      position_(position),
      started_(Clock::now()),
      first_step_(position.num_steps_done),
      last_checkpoint_(started_) {
  describe_metrics();
  warn_of_late_compression();
  log_info(concat(num_steps(), " steps an epoch; batches prepared ahead take ",
                  (training_loader_.buffer_bytes() + validation_loader_.buffer_bytes()) >> 20, " MiB on this rank"));
}

std::optional<std::string> Trainer::train() {
  if (is_main()) job_ends_ = job_end_time();
  started_ = last_checkpoint_ = Clock::now();
  timer_.take();
  while (position_.epoch < parts_.options.epochs && early_end().empty()) {
    EpochTiming timing;
    const auto epoch_started = Clock::now();
    if (!position_.is_epoch_trained) {
      if (!train_epoch(timing)) return leave();
      parts_.learner.synchronize_buffers();
      if (parts_.options.check_parameters) parts_.learner.check_identical();
      position_.is_epoch_trained = true;
    }
    if (position_.epoch + 1 < parts_.options.epochs) prepare_training(position_.epoch + 1, 0);
    const std::optional<Tally> validation = evaluate_all();
    if (!validation) return leave();
    const Tally training = position_.epoch_so_far;
    const int epoch = position_.epoch;
    report_timing(timing);
    report_epoch(epoch, training, *validation, timing);
    end_epoch(*validation);
    const double rate = timing.seconds > 0 ? timing.num_images / timing.seconds : 0;
    parts_.progress.epoch_done({epoch, parts_.options.epochs, training.mean_loss(), training.accuracy(),
                                validation->mean_loss(), validation->accuracy(), rate, seconds_since(epoch_started)});
  }
  parts_.learner.wait_for_checkpoint();
  write_evaluation();
  return std::nullopt;
}

void Trainer::test() {
  const Tally validation = evaluate("val").value_or(Tally{});
  write_evaluation();
  parts_.journal.save_metrics();
  parts_.progress.message(concat("val loss ", validation.mean_loss(), "  acc ", validation.accuracy(), " % of ",
                                 validation.num_images, " images"));
}

DistributedSampler Trainer::sampler_from(std::int64_t images_done) const {
  SamplerOptions options = sampler_options_;
  options.first_position = static_cast<std::size_t>(images_done);
  return DistributedSampler(options);
}

void Trainer::prepare_training(int epoch, std::int64_t images_done) {
  if (prepared_epoch_ == epoch) return;
  training_loader_.start(sampler_from(images_done).plan(static_cast<std::uint64_t>(epoch)));
  prepared_epoch_ = epoch;
}

void Trainer::prepare_validation() {
  if (!is_validation_prepared_) validation_loader_.start(validation_sampler_.plan(0));
  is_validation_prepared_ = true;
}

bool Trainer::train_epoch(EpochTiming& timing) {
  const DistributedSampler sampler = sampler_from(position_.images_done);
  const std::size_t num_batches = sampler.num_steps();
  const std::size_t batches_per_step = static_cast<std::size_t>(parts_.options.accumulate);
  prepare_training(position_.epoch, position_.images_done);
  prepare_validation();
  prepared_epoch_.reset();
  parts_.learner.take_exposed_seconds();
  const auto start = Clock::now();
  bool goes_on = true;
  for (std::size_t first = 0; first < num_batches && goes_on; first += batches_per_step) {
    const auto step_started = Clock::now();
    const StepOutcome step = train_step(sampler, first, std::min(batches_per_step, num_batches - first));
    position_.epoch_so_far += step.tally;
    ++timing.num_steps;
    timing.num_images += step.tally.num_images;
    timing.seconds = seconds_since(start);
    step_seconds_ = seconds_since(step_started);
    report_step(position_.epoch, step, position_.epoch_so_far, timing);
    goes_on = !step.stops;
    if (goes_on && step.saves) save_checkpoint(ModelFiles::kNone);
  }
  timing.exposed_seconds = parts_.learner.take_exposed_seconds();
  note_skipped(training_loader_, "train/skipped_images", position_.epoch);
  return goes_on;
}

/// The sampler tells in advance how many images all ranks have; where some of them turn out to be unreadable,
/// the gradients are corrected by the update.
Trainer::StepOutcome Trainer::train_step(const DistributedSampler& sampler, std::size_t first_batch,
                                         std::size_t num_batches) {
  double num_planned = 0;
  for (std::size_t batch = first_batch; batch < first_batch + num_batches; ++batch)
    num_planned += static_cast<double>(sampler.global_batch_samples(batch));
  const double weight = parts_.communicator.world_size() / num_planned;
  const ScheduleStep place = schedule_step();
  const double rate = learning_rate(rate_, place);
  parts_.learner.begin_step(rate, cycled_momentum(rate_, place));
  Tally local;
  for (std::size_t i = 0; i < num_batches; ++i) {
    timer_.enter(StepPhase::kInput);
    const Batch* batch = training_loader_.next();
    timer_.enter(StepPhase::kCompute);
    if (batch != nullptr && position_.num_steps_done == 0 && i == 0) log_training_images(parts_.journal, *batch, 0);
    local += parts_.learner.accumulate(batch, weight, i + 1 == num_batches);
  }
  timer_.enter(StepPhase::kAgreement);
  StepOutcome step = agree(local, "training tally");
  step.learning_rate = rate;
  timer_.enter(StepPhase::kOptimizer);
  const bool is_finite = std::isfinite(step.tally.loss);
  if (!is_finite && parts_.options.nonfinite == "stop") refuse_loss(local);
  if (is_finite && step.tally.num_images > 0)
    step.gradient_norm = parts_.learner.update(num_planned / step.tally.num_images);
  else
    parts_.learner.skip_update();
  timer_.enter(StepPhase::kOther);
  if (!is_finite) {
    log_warning(concat("step ", position_.num_steps_done + 1, " is left out: the loss is ", step.tally.loss));
    ++position_.num_steps_skipped;
    step.tally = {};
  }
  if (position_.num_steps_done == first_step_) {
    keep_freed_memory();
    forget_startup();
  }
  ++position_.num_steps_done;
  position_.images_done += static_cast<std::int64_t>(num_planned);
  return step;
}

/// On all ranks alike.
void Trainer::refuse_loss(const Tally& local) {
  std::string ranks;
  const std::vector<std::string> losses = allgather_objects(parts_.communicator, concat(local.mean_loss()));
  for (std::size_t rank = 0; rank < losses.size(); ++rank)
    if (!std::isfinite(std::strtod(losses[rank].c_str(), nullptr)))
      ranks += concat(ranks.empty() ? "" : ", ", losses[rank], " on rank ", rank);
  throw Error(concat("the loss is not finite at step ", position_.num_steps_done + 1, " (epoch ", position_.epoch + 1,
                     ", images ", position_.images_done + 1, " and on): ", ranks.empty() ? "its sum overflows" : ranks),
              "lower --lr, warm up (--lr-warmup-epochs), clip (--clip-grad-norm), or leave such steps out with --nonfinite skip");
}

std::optional<Tally> Trainer::evaluate_all() {
  const std::optional<Tally> validation = evaluate("val");
  if (!validation || !parts_.options.model_ema) return validation;
  parts_.learner.exchange_with_average();
  const std::optional<Tally> averaged = evaluate("val_ema");
  parts_.learner.exchange_with_average();
  return averaged ? validation : std::nullopt;
}

std::optional<Tally> Trainer::evaluate(const std::string& prefix) {
  const PhaseScope evaluating(timer_, StepPhase::kEvaluation);
  prepare_validation();
  is_validation_prepared_ = false;
  const bool keeps_images = prefix == "val";  // not of the averaged network
  if (keeps_images) evaluation_outputs_.begin();
  ImageScores scores;
  Tally local;
  for (std::size_t step = 0; step < validation_sampler_.num_steps(); ++step) {
    const Batch* batch = validation_loader_.next();
    if (batch != nullptr) {
      local += parts_.learner.evaluate(*batch, keeps_images ? &scores : nullptr);
      if (keeps_images) evaluation_outputs_.add(*batch, scores);
    }
    if (parts_.options.test_only) continue;
    double stops = wants_stop() ? 1 : 0;
    reduce_sums(parts_.communicator, std::span(&stops, 1), "stop while evaluating");
    if (stops > 0) return std::nullopt;
  }
  const Tally total = agree(local, "validation tally").tally;
  const auto num_images = static_cast<double>(parts_.data.validation->num_images());
  if (parts_.options.unreadable == "fail" && total.num_images != num_images)
    throw Error(concat("evaluation counted ", total.num_images, " of ", num_images, " images"));
  note_skipped(validation_loader_, "val/skipped_images", position_.epoch);
  report_evaluation(prefix, total);
  const bool is_best = !parts_.options.test_only && total.accuracy() > position_.best_accuracy;
  if (keeps_images) evaluation_outputs_.finish({position_.num_steps_done, position_.epoch, is_best});
  if (keeps_images && is_main()) parts_.journal.set_confusion_matrix(evaluation_outputs_.confusion_counts());
  return total;
}

/// One exchange for what a step came to and for what comes next.
Trainer::StepOutcome Trainer::agree(const Tally& local, const char* name) {
  const auto tally = local.values();
  std::array<double, 6> values{tally[0], tally[1], tally[2], tally[3], wants_stop() ? 1.0 : 0, is_checkpoint_due() ? 1.0 : 0};
  reduce_sums(parts_.communicator, values, name);
  return {Tally::of({values[0], values[1], values[2], values[3]}), values[4] > 0, values[5] > 0};
}

void Trainer::note_skipped(const Loader& loader, const char* metric, int epoch) {
  if (parts_.options.unreadable != "skip") return;
  const SkippedImages& skipped = loader.skipped();
  for (const std::string& message : skipped.first) log_warning("left out: " + message);
  double num_skipped = static_cast<double>(skipped.count);
  reduce_sums(parts_.communicator, std::span(&num_skipped, 1), metric);
  parts_.journal.log(metric, num_skipped, position_.num_steps_done, epoch);
  if (num_skipped > 0) parts_.progress.message(concat(num_skipped, " unreadable images were left out"));
}

std::size_t Trainer::num_steps() const {
  const std::size_t batches_per_step = static_cast<std::size_t>(parts_.options.accumulate);
  return (DistributedSampler(sampler_options_).num_steps() + batches_per_step - 1) / batches_per_step;
}

/// The next one. Where the epoch has begun with another number of ranks, steps are counted as if it had not.
ScheduleStep Trainer::schedule_step() const {
  const std::int64_t images_per_step =
      std::int64_t{1} * parts_.options.batch_size * parts_.options.accumulate * parts_.communicator.world_size();
  return {position_.epoch, position_.images_done / images_per_step, static_cast<std::int64_t>(num_steps())};
}

}  // namespace skein
