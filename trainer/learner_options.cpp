#include "trainer/learner_options.h"

#include <algorithm>

namespace skein {
namespace {

/// A momentum that the schedule changes begins at its largest.
double momentum_of(const TrainOptions& o) {
  return o.lr_cycle_momentum.empty() ? o.momentum : o.lr_cycle_momentum.back();
}

UpdateOptions update_rule(const TrainOptions& o) {
  if (o.opt == "adamw")
    return AdamWOptions{.lr = o.lr, .beta1 = o.opt_betas[0], .beta2 = o.opt_betas[1], .weight_decay = o.weight_decay};
  if (o.opt == "lamb")
    return LambOptions{.lr = o.lr, .beta1 = o.opt_betas[0], .beta2 = o.opt_betas[1], .weight_decay = o.weight_decay};
  if (o.opt == "lars")
    return LarsOptions{.lr = o.lr, .momentum = momentum_of(o), .weight_decay = o.weight_decay, .nesterov = o.nesterov};
  return SgdOptions{.lr = o.lr, .momentum = momentum_of(o), .weight_decay = o.weight_decay, .nesterov = o.nesterov};
}

CompressionOptions compression(const TrainOptions& o) {
  if (o.compression == "fp16") return WireTypeOptions{DType::kFloat16};
  if (o.compression == "bf16") return WireTypeOptions{DType::kBFloat16};
  if (o.compression == "powersgd")
    return PowerSgdOptions{.rank = o.powersgd_rank, .first_step = o.compression_start, .seed = o.seed};
  if (o.compression == "topk") return TopKOptions{.ratio = o.topk_ratio, .first_step = o.compression_start};
  return {};
}

StatePlacement placement(const std::string& name) {
  if (name == "sharded") return StatePlacement::kSharded;
  return name == "host" ? StatePlacement::kHost : StatePlacement::kReplicated;
}

/// torchvision's: the decay is meant for one epoch-sized stretch, whatever the batch and the number of updates.
MovingAverageOptions moving_average(const TrainOptions& options, int world_size) {
  const double adjust = static_cast<double>(world_size) * options.batch_size * options.model_ema_steps / options.epochs;
  return {.decay = 1 - std::min(1.0, (1 - options.model_ema_decay) * adjust), .every = options.model_ema_steps};
}

}  // namespace

LearnerOptions learner_options(const TrainOptions& options, int world_size) {
  LearnerOptions learner;
  learner.model = options.model;
  learner.weights = options.weights;
  learner.whole_weights = options.test_only;
  learner.freeze_norm = options.freeze_norm;
  learner.sync_batch_norm = options.sync_bn;
  learner.zero_init_residual = options.zero_init_residual;
  learner.groups = {options.freeze, options.head_lr, options.norm_weight_decay, options.bias_weight_decay};
  learner.rule = update_rule(options);
  learner.placement = placement(options.optimizer_state);
  learner.clip_norm = options.clip_grad_norm;
  learner.compression = compression(options);
  if (options.model_ema) learner.moving_average = moving_average(options, world_size);
  learner.label_smoothing = options.label_smoothing;
  learner.bf16 = options.amp == "bf16";
  learner.channels_last = options.channels_last;
  learner.seed = options.seed;
  return learner;
}

LearningRateOptions learning_rate_options(const TrainOptions& o) {
  LearningRateOptions rate;
  rate.initial = o.lr;
  rate.num_epochs = o.epochs;
  rate.scheduler = o.lr_scheduler;
  rate.step_size = o.lr_step_size;
  rate.milestones = o.lr_milestones;
  rate.gamma = o.lr_gamma;
  rate.minimum = o.lr_min;
  rate.power = o.lr_power;
  rate.num_warmup_epochs = o.lr_warmup_epochs;
  rate.warmup_method = o.lr_warmup_method;
  rate.warmup_decay = o.lr_warmup_decay;
  rate.per_step = o.lr_per_step;
  rate.one_cycle = {o.lr_pct_start, o.lr_div_factor, o.lr_final_div_factor, o.lr_anneal, o.lr_cycle_momentum};
  return rate;
}

EarlyStoppingOptions early_stopping_options(const TrainOptions& options) {
  return {options.early_stopping, options.early_stopping_delta, options.early_stopping_metric};
}

}  // namespace skein
