// What is learnt, and how.

#include "trainer/models/resnet_shape.h"
#include "trainer/options/option_groups.h"

namespace skein {

void add_model_options(OptionTable& table, TrainOptions& options) {
  table.group("Model");
  table.add("--model", options.model, "network").choices(resnet_names());
  table
      .add("--weights", options.weights,
           "initial weights: .safetensors, or a .pth of torch.save(model.state_dict()); for another number "
           "of classes the last layer stays fresh")
      .unit("FILE")
      .existing_file();
  table.add("--freeze-norm", options.freeze_norm,
            "leave the running statistics of BatchNorm as they are and use them (for fine-tuning with small "
            "batches)");
  table.add("--sync-bn", options.sync_bn, "BatchNorm over the images of all ranks: N ranks train as one with N times the batch");
}

void add_training_options(OptionTable& table, TrainOptions& options) {
  table.group("Training");
  table.add("--epochs,--num_epochs", options.epochs, "passes over the training images").at_least(1);
  table.add("--opt,--optimizer", options.opt, "optimizer").choices({"sgd", "adamw", "lars", "lamb"});
  table.add("--lr", options.lr, "learning rate at the start").more_than(0);
  table.add("--momentum", options.momentum, "of sgd and lars").below(1);
  table.add("--opt-betas", options.opt_betas, "of adamw and lamb").unit("BETA1,BETA2").below(1);
  table.add("--weight-decay,--wd", options.weight_decay, "of the optimizer").at_least(0);
  table.add("--nesterov", options.nesterov, "Nesterov momentum");
  table
      .add("--clip-grad-norm", options.clip_grad_norm,
           "largest norm of all gradients together; 0: no limit. What it was before is recorded as train/gradient_norm")
      .at_least(0);
  table.add("--model-ema", options.model_ema,
            "also keep an exponential moving average of the weights, evaluate it and write model_ema.safetensors");
  table.add("--model-ema-steps", options.model_ema_steps, "steps from one update of the average to the next")
      .unit("STEPS")
      .at_least(1);
  table.add("--model-ema-decay", options.model_ema_decay,
            "of the average over an epoch-sized stretch, as torchvision's reference trainer scales it")
      .range(0, 1);
  table.add("--nonfinite", options.nonfinite, "what to do when the loss is not finite: end, or leave the step out and count it")
      .choices({"stop", "skip"});
  table.add("--label-smoothing", options.label_smoothing, "share of the target spread over all classes").range(0, 1);
  table.add("--accumulate", options.accumulate, "batches per optimizer step: their gradients count as one large batch")
      .unit("BATCHES")
      .at_least(1);
  table.add("--seed", options.seed, "of initial weights, order and augmentation: the same seed gives the same model");
  table.add("--test-only", options.test_only, "only evaluate on val/ (with --weights)");
}

void add_schedule_options(OptionTable& table, TrainOptions& options) {
  table.group("Learning rate schedule, by epoch");
  table.add("--lr-scheduler", options.lr_scheduler, "how the rate falls")
      .choices({"steplr", "multisteplr", "cosineannealinglr", "exponentiallr"});
  table.add("--lr-step-size", options.lr_step_size, "steplr: epochs from drop to drop").unit("EPOCHS").at_least(1);
  table.add("--lr-milestones,--lr-steps", options.lr_milestones, "multisteplr: epochs of the drops, after the warm-up")
      .unit("EPOCH,...")
      .at_least(1);
  table.add("--lr-gamma", options.lr_gamma, "steplr, multisteplr, exponentiallr: factor of a drop").more_than(0);
  table.add("--lr-min", options.lr_min, "cosineannealinglr: rate at the end").at_least(0);
  table.add("--lr-warmup-epochs", options.lr_warmup_epochs, "epochs of a lower rate at the start").at_least(0);
  table.add("--lr-warmup-method", options.lr_warmup_method, "how the rate rises").choices({"constant", "linear"});
  table.add("--lr-warmup-decay", options.lr_warmup_decay, "share of --lr at which the warm-up starts").range(0, 1);
}

}  // namespace skein
