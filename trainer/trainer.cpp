#include "trainer/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "collectives/objects.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "trainer/parallel/allocation.h"
#include "trainer/parallel/reduce_sums.h"
#include "trainer/picture_log.h"
#include "trainer/slurm_job.h"

namespace skein {
namespace {

LearningRateOptions rate_options(const TrainOptions& options) {
  return {
      options.lr,       options.epochs, options.lr_scheduler,     options.lr_step_size,     options.lr_milestones,
      options.lr_gamma, options.lr_min, options.lr_warmup_epochs, options.lr_warmup_method, options.lr_warmup_decay};
}

SamplerOptions sampler_options(const TrainerParts& parts, const ImageFolder& images, bool shuffle) {
  SamplerOptions sampler;
  sampler.num_samples = images.num_images();
  sampler.world_size = parts.communicator.world_size();
  sampler.rank = parts.communicator.rank();
  sampler.batch_size = static_cast<std::size_t>(parts.options.batch_size);
  sampler.seed = parts.options.seed;
  sampler.shuffle = shuffle;
  sampler.tail = TailMode::kExact;
  sampler.layout = SampleLayout::kBlocks;
  return sampler;
}

LoaderOptions loader_options(const TrainOptions& options, int num_workers, const Transform& transform) {
  LoaderOptions loader;
  loader.batch_size = static_cast<std::size_t>(options.batch_size);
  loader.num_workers = num_workers;
  loader.unreadable = options.unreadable == "skip" ? UnreadablePolicy::kSkip : UnreadablePolicy::kFail;
  loader.seed = options.seed;
  loader.transform = transform;
  return loader;
}

TrainTransform train_transform(const TrainOptions& options) {
  TrainTransform transform;
  transform.crop_size = options.train_crop_size;
  transform.min_scale = options.train_crop_scale[0];
  transform.max_scale = options.train_crop_scale[1];
  transform.flip_probability = options.hflip_prob;
  return transform;
}

EvalTransform eval_transform(const TrainOptions& options) {
  return {.resize_size = options.val_resize_size, .crop_size = options.val_crop_size};
}

}  // namespace

Trainer::Trainer(const TrainerParts& parts, int num_workers, const TrainingPosition& position)
    : parts_(parts),
      rate_(rate_options(parts.options)),
      sampler_options_(sampler_options(parts, *parts.data.training, true)),
      validation_sampler_(sampler_options(parts, *parts.data.validation, false)),
      training_loader_(parts.data.training, loader_options(parts.options, num_workers, train_transform(parts.options))),
      validation_loader_(parts.data.validation,
                         loader_options(parts.options, num_workers, eval_transform(parts.options))),
      position_(position),
      started_(Clock::now()),
      first_step_(position.num_steps_done),
      last_checkpoint_(started_) {
  describe_metrics();
  warn_of_late_compression();
  log_debug(concat("decoded images take ", (training_loader_.buffer_bytes() + validation_loader_.buffer_bytes()) >> 20,
                   " MiB; ", num_steps(), " steps an epoch"));
}

std::optional<std::string> Trainer::train() {
  if (is_main()) job_ends_ = job_end_time();
  started_ = last_checkpoint_ = Clock::now();
  timer_.take();
  while (position_.epoch < parts_.options.epochs) {
    EpochTiming timing;
    const auto epoch_started = Clock::now();
    if (!position_.is_epoch_trained) {
      if (!train_epoch(timing)) return leave();
      parts_.learner.synchronize_buffers();
      if (parts_.options.check_parameters) parts_.learner.check_identical();
      position_.is_epoch_trained = true;
    }
    const std::optional<Tally> validation = evaluate_all();
    if (!validation) return leave();
    const Tally training = position_.epoch_so_far;
    const int epoch = position_.epoch;
    report_timing(timing);
    report_epoch(epoch, training, *validation, timing);
    end_epoch(validation->accuracy());
    const double rate = timing.seconds > 0 ? timing.num_images / timing.seconds : 0;
    parts_.progress.epoch_done({epoch, parts_.options.epochs, training.mean_loss(), training.accuracy(),
                                validation->mean_loss(), validation->accuracy(), rate, seconds_since(epoch_started)});
  }
  parts_.learner.wait_for_checkpoint();
  return std::nullopt;
}

void Trainer::test() {
  const Tally validation = evaluate("val").value_or(Tally{});
  parts_.journal.save_metrics();
  parts_.progress.message(concat("val loss ", validation.mean_loss(), "  acc ", validation.accuracy(), " % of ",
                                 validation.num_images, " images"));
}

bool Trainer::train_epoch(EpochTiming& timing) {
  const double rate = learning_rate(rate_, position_.epoch);
  SamplerOptions options = sampler_options_;
  options.first_position = static_cast<std::size_t>(position_.images_done);
  const DistributedSampler sampler(options);
  const std::size_t num_batches = sampler.num_steps();
  const std::size_t batches_per_step = static_cast<std::size_t>(parts_.options.accumulate);
  const auto epoch = static_cast<std::uint64_t>(position_.epoch);
  training_loader_.start(epoch, sampler.indices(epoch));
  parts_.learner.take_exposed_seconds();
  const auto start = Clock::now();
  bool goes_on = true;
  for (std::size_t first = 0; first < num_batches && goes_on; first += batches_per_step) {
    const auto step_started = Clock::now();
    const StepOutcome step = train_step(sampler, first, std::min(batches_per_step, num_batches - first), rate);
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
                                         std::size_t num_batches, double rate) {
  double num_planned = 0;
  for (std::size_t batch = first_batch; batch < first_batch + num_batches; ++batch)
    num_planned += static_cast<double>(sampler.global_batch_samples(batch));
  const double weight = parts_.communicator.world_size() / num_planned;
  parts_.learner.begin_step(rate);
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
  validation_loader_.start(0, validation_sampler_.indices(0));
  Tally local;
  for (std::size_t step = 0; step < validation_sampler_.num_steps(); ++step) {
    const Batch* batch = validation_loader_.next();
    if (batch != nullptr) local += parts_.learner.evaluate(*batch);
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

}  // namespace skein
