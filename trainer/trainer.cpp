#include "trainer/trainer.h"

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "trainer/parallel/reduce_sums.h"

namespace skein {
namespace {

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

Trainer::Trainer(const TrainerParts& parts, int num_workers, const std::filesystem::path& outputs)
    : parts_(parts),
      rate_(rate_options(parts.options)),
      training_sampler_(sampler_options(parts, *parts.data.training, true)),
      validation_sampler_(sampler_options(parts, *parts.data.validation, false)),
      training_loader_(parts.data.training, loader_options(parts.options, num_workers, train_transform(parts.options))),
      validation_loader_(parts.data.validation,
                         loader_options(parts.options, num_workers, eval_transform(parts.options))),
      outputs_(outputs),
      started_(Clock::now()),
      last_checkpoint_(started_) {
  describe_metrics();
  log_debug(concat("decoded images take ", (training_loader_.buffer_bytes() + validation_loader_.buffer_bytes()) >> 20,
                   " MiB; ", num_steps(), " steps an epoch"));
}

void Trainer::train() {
  started_ = last_checkpoint_ = Clock::now();
  for (int epoch = 0; epoch < parts_.options.epochs; ++epoch) {
    EpochTiming timing;
    const auto epoch_started = Clock::now();
    const Tally training = train_epoch(epoch, timing);
    parts_.learner.synchronize_buffers();
    if (parts_.options.check_parameters) parts_.learner.check_identical();
    const Tally validation = evaluate(epoch);
    report_epoch(epoch, training, validation, timing);
    keep_model(epoch, validation.accuracy());
    parts_.progress.epoch_done({epoch, parts_.options.epochs, training.mean_loss(), training.accuracy(),
                                validation.mean_loss(), validation.accuracy(), training.num_images / timing.seconds,
                                seconds_since(epoch_started)});
  }
}

void Trainer::test() {
  const Tally validation = evaluate(0);
  parts_.journal.save_metrics();
  parts_.progress.message(concat("val loss ", validation.mean_loss(), "  acc ", validation.accuracy(), " % of ",
                                 validation.num_images, " images"));
}

Tally Trainer::train_epoch(int epoch, EpochTiming& timing) {
  const double rate = learning_rate(rate_, epoch);
  const std::size_t num_batches = training_sampler_.num_steps();
  const std::size_t batches_per_step = static_cast<std::size_t>(parts_.options.accumulate);
  training_loader_.start(static_cast<std::uint64_t>(epoch),
                         training_sampler_.indices(static_cast<std::uint64_t>(epoch)));
  parts_.learner.take_exposed_seconds();
  const auto start = Clock::now();
  Tally total;
  for (std::size_t first = 0; first < num_batches; first += batches_per_step) {
    const Tally step = train_step(first, std::min(batches_per_step, num_batches - first), rate);
    total += step;
    ++timing.num_steps;
    report_step(epoch, step, total, seconds_since(start));
  }
  timing.seconds = seconds_since(start);
  timing.exposed_seconds = parts_.learner.take_exposed_seconds();
  note_skipped(training_loader_, "train/skipped_images", epoch);
  return total;
}

/// The sampler tells in advance how many images all ranks have; where some of them turn out to be unreadable,
/// the gradients are corrected before the update.
Tally Trainer::train_step(std::size_t first_batch, std::size_t num_batches, double rate) {
  double num_planned = 0;
  for (std::size_t batch = first_batch; batch < first_batch + num_batches; ++batch)
    num_planned += static_cast<double>(training_sampler_.global_batch_samples(batch));
  const double weight = parts_.communicator.world_size() / num_planned;
  parts_.learner.begin_step(rate);
  Tally local;
  for (std::size_t i = 0; i < num_batches; ++i)
    local += parts_.learner.accumulate(training_loader_.next(), weight, i + 1 == num_batches);
  const Tally step = sum_over_ranks(local, "training tally");
  if (step.num_images > 0) {
    if (step.num_images != num_planned) parts_.learner.scale_gradients(num_planned / step.num_images);
    parts_.learner.update();
  }
  ++num_steps_done_;
  return step;
}

Tally Trainer::evaluate(int epoch) {
  validation_loader_.start(0, validation_sampler_.indices(0));
  Tally local;
  while (const Batch* batch = validation_loader_.next()) local += parts_.learner.evaluate(*batch);
  const Tally total = sum_over_ranks(local, "validation tally");
  const auto num_images = static_cast<double>(parts_.data.validation->num_images());
  if (parts_.options.unreadable == "fail" && total.num_images != num_images)
    throw Error(concat("evaluation counted ", total.num_images, " of ", num_images, " images"));
  note_skipped(validation_loader_, "val/skipped_images", epoch);
  report_evaluation(total, epoch);
  return total;
}

Tally Trainer::sum_over_ranks(const Tally& local, const char* name) {
  std::array<double, 4> values = local.values();
  reduce_sums(parts_.communicator, values, name);
  return Tally::of(values);
}

void Trainer::note_skipped(const Loader& loader, const char* metric, int epoch) {
  if (parts_.options.unreadable != "skip") return;
  const SkippedImages& skipped = loader.skipped();
  for (const std::string& message : skipped.first) log_warning("left out: " + message);
  double num_skipped = static_cast<double>(skipped.count);
  reduce_sums(parts_.communicator, std::span(&num_skipped, 1), metric);
  parts_.journal.log(metric, num_skipped, num_steps_done_, epoch);
  if (num_skipped > 0) parts_.progress.message(concat(num_skipped, " unreadable images were left out"));
}

std::size_t Trainer::num_steps() const {
  const std::size_t batches_per_step = static_cast<std::size_t>(parts_.options.accumulate);
  return (training_sampler_.num_steps() + batches_per_step - 1) / batches_per_step;
}

void Trainer::keep_model(int epoch, double accuracy) {
  const bool is_best = accuracy > best_accuracy_;
  best_accuracy_ = std::max(best_accuracy_, accuracy);
  if (!is_main()) return;
  if (is_best) parts_.learner.remember_best();
  const bool is_last = epoch + 1 == parts_.options.epochs;
  if (!is_last && seconds_since(last_checkpoint_) < parts_.options.checkpoint_seconds) return;
  const auto start = Clock::now();
  parts_.learner.save_checkpoint(outputs_ / "checkpoints", {epoch + 1, num_steps_done_, best_accuracy_});
  parts_.learner.save_best(outputs_ / "model_best.safetensors");
  parts_.learner.save_model(outputs_ / "model.safetensors");
  last_checkpoint_ = Clock::now();
  log_debug(concat("models and checkpoint written in ", seconds_since(start), " s"));
}

}  // namespace skein
