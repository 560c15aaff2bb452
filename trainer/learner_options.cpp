#include "trainer/learner_options.h"

#include <algorithm>

namespace skein {
namespace {

UpdateOptions update_rule(const TrainOptions& o) {
  if (o.opt == "adamw")
    return AdamWOptions{.lr = o.lr, .beta1 = o.opt_betas[0], .beta2 = o.opt_betas[1], .weight_decay = o.weight_decay};
  if (o.opt == "lamb")
    return LambOptions{.lr = o.lr, .beta1 = o.opt_betas[0], .beta2 = o.opt_betas[1], .weight_decay = o.weight_decay};
  if (o.opt == "lars")
    return LarsOptions{.lr = o.lr, .momentum = o.momentum, .weight_decay = o.weight_decay, .nesterov = o.nesterov};
  return SgdOptions{.lr = o.lr, .momentum = o.momentum, .weight_decay = o.weight_decay, .nesterov = o.nesterov};
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

}  // namespace skein
