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
  table.add("--zero-init-residual", options.zero_init_residual,
            "start each residual block as the identity: zero the weight of its last BatchNorm (Goyal et al. 2017)");
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

namespace {

void add_one_cycle_options(OptionTable& table, TrainOptions& options) {
  table.add("--lr-pct-start", options.lr_pct_start, "onecyclelr: share of the steps in which the rate rises to --lr").range(0, 1);
  table.add("--lr-div-factor", options.lr_div_factor, "onecyclelr: it starts at --lr divided by this").at_least(1);
  table.add("--lr-final-div-factor", options.lr_final_div_factor, "onecyclelr: and ends at its start divided by this").at_least(1);
  table.add("--lr-anneal", options.lr_anneal, "onecyclelr: along half a wave of a cosine, or a line").choices({"cos", "linear"});
  table
      .add("--lr-cycle-momentum", options.lr_cycle_momentum,
           "onecyclelr: momentum (the first of --opt-betas) at the highest and at the lowest rate, often 0.85,0.95; else it stays")
      .unit("MIN,MAX")
      .below(1);
}

}  // namespace

void add_schedule_options(OptionTable& table, TrainOptions& options) {
  table.group("Learning rate schedule");
  table.add("--lr-scheduler", options.lr_scheduler, "how the rate falls")
      .choices({"steplr", "multisteplr", "cosineannealinglr", "exponentiallr", "polynomiallr", "onecyclelr"});
  table.add("--lr-per-step,--sched-on-updates", options.lr_per_step,
            "change the rate after each step instead of each epoch, warm-up included; onecyclelr always does");
  table.add("--lr-step-size", options.lr_step_size, "steplr: epochs from drop to drop").unit("EPOCHS").at_least(1);
  table.add("--lr-milestones,--lr-steps", options.lr_milestones, "multisteplr: epochs of the drops, after the warm-up")
      .unit("EPOCH,...")
      .at_least(1);
  table.add("--lr-gamma", options.lr_gamma, "steplr, multisteplr, exponentiallr: factor of a drop").more_than(0);
  table.add("--lr-min", options.lr_min, "cosineannealinglr: rate at the end").at_least(0);
  table.add("--lr-power", options.lr_power, "polynomiallr: --lr times (1 - share of the training done) to this power").more_than(0);
  table.add("--lr-warmup-epochs", options.lr_warmup_epochs, "epochs of a lower rate at the start").at_least(0);
  table.add("--lr-warmup-method", options.lr_warmup_method, "how the rate rises").choices({"constant", "linear"});
  table.add("--lr-warmup-decay", options.lr_warmup_decay, "share of --lr at which the warm-up starts").range(0, 1);
  add_one_cycle_options(table, options);
}

}  // namespace skein
