#include "trainer/train_options.h"

#include <nlohmann/json.hpp>

#include "trainer/models/resnet_shape.h"

namespace skein {
namespace {

constexpr const char* kResults = "Results";
constexpr const char* kMessages = "Messages";

void add_data_options(OptionTable& table, TrainOptions& options) {
  table.group("Data");
  table.add("--data-path", options.data_path, "folder with train/CLASS/*.jpg and val/CLASS/*.jpg (or .png)")
      .unit("DIR")
      .required();
  table.add("--batch-size,-b", options.batch_size, "images per rank and step").unit("IMAGES").at_least(1);
  table.add("--workers,-j", options.workers, "threads per rank that read and decode images; else chosen from the cores")
      .range(0, 1024)
      .not_compared();
  table.add("--unreadable", options.unreadable, "what to do about an image that cannot be read")
      .choices({"fail", "skip"});
  table.add("--train-crop-size", options.train_crop_size, "side of a training image").unit("PIXELS").at_least(1);
  table
      .add("--train-crop-scale", options.train_crop_scale,
           "share of a picture's area that its training crop covers, drawn anew each time; small pictures that "
           "fill their frame want 0.5,1 or so")
      .unit("MIN,MAX")
      .more_than(0);
  table
      .add("--hflip-prob", options.hflip_prob,
           "share of the training images that are mirrored; 0 where left and right differ, as in writing")
      .range(0, 1);
  table.add("--val-resize-size", options.val_resize_size, "shorter side of a validation image before the crop")
      .unit("PIXELS")
      .at_least(1);
  table.add("--val-crop-size", options.val_crop_size, "side of a validation image").unit("PIXELS").at_least(1);
}

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

void add_speed_options(OptionTable& table, TrainOptions& options) {
  table.group("Speed");
  table.add("--amp", options.amp, "mixed precision: --amp bf16 computes in bfloat16 where that is safe")
      .choices({"off", "bf16"});
  table.add("--channels-last", options.channels_last, "keep the channels of a pixel together in memory");
  table
      .add("--optimizer-state", options.optimizer_state,
           "host: parameters and state once per host, updated by its ranks together; sharded: state divided among all "
           "ranks (ZeRO-1); replicated: all on every rank")
      .choices({"host", "sharded", "replicated"});
  table
      .add("--compression", options.compression,
           "of gradients on their way between hosts: fp16 and bf16 halve them, powersgd and topk send a small part and what is "
           "missing later")
      .choices({"none", "fp16", "bf16", "powersgd", "topk"});
  table.add("--powersgd-rank", options.powersgd_rank, "of the approximation: higher is closer and larger").at_least(1);
  table.add("--topk-ratio", options.topk_ratio, "share of the gradients' elements that is sent").range(1e-6, 1);
  table.add("--compression-start", options.compression_start, "steps with whole gradients before powersgd or topk begins")
      .unit("STEPS")
      .at_least(0);
  table
      .add("--threads", options.threads,
           "threads per rank for one operation; else OMP_NUM_THREADS, else chosen from the cores")
      .range(1, 1024)
      .not_compared();
}

void add_result_options(OptionTable& table, TrainOptions& options) {
  table.group(kResults);
  table
      .add("--output-dir,--output_dir", options.output_dir,
           "folder for model and checkpoints, copied into the run at the end; else the run's own outputs/")
      .unit("DIR");
  table.add("--runs-dir", options.runs_dir, "where runs are kept").unit("DIR");
  table.add("--experiment", options.experiment, "name under which runs are grouped").unit("NAME");
  table.add("--run-id", options.run_id, "name of this run; else one is made up").unit("NAME");
  table
      .add("--checkpoint-seconds", options.checkpoint_seconds,
           "time from one checkpoint to the next, written while training goes on; the last epoch always has one")
      .unit("SECONDS")
      .at_least(0);
  table.add("--keep-checkpoints", options.keep_checkpoints, "newest checkpoints that stay").at_least(1);
  table.add("--keep-best", options.keep_best, "checkpoints with the best validation accuracy that stay besides").at_least(0);
  table.add("--resume", options.resume,
            "auto: continue the run --run-id, or else the newest of the experiment that has a checkpoint and is not "
            "completed; start afresh where there is none. Or a checkpoint, or a folder of them, for a new run")
      .unit("auto|PATH");
  table.add("--max-time", options.max_time,
            "save and stop in time before so much has passed; 0: no limit. Under Slurm the job's end counts too")
      .unit("SECONDS")
      .at_least(0);
  table.add("--on-signal", options.on_signal,
            "after SIGUSR2, Ctrl-C or a time limit, when the checkpoint is written: stop, or requeue the Slurm job")
      .choices({"stop", "requeue"});
  table.add("--max-requeues", options.max_requeues, "requeue a job so often at most").at_least(0);
  table.add("--check-parameters", options.check_parameters,
            "at each epoch's end, make sure that all ranks hold bit-identical models");
  table.add("--timeline", options.timeline, "write what all ranks sent and waited for, as ui.perfetto.dev shows it")
      .unit("FILE");
}

void add_message_options(OptionTable& table, TrainOptions& options) {
  table.group(kMessages);
  table.add("--progress", options.progress, "auto: a bar on a terminal, plain lines elsewhere")
      .choices({"auto", "bar", "plain", "none"})
      .not_compared();
  table.add("--print-freq", options.print_freq, "steps from one plain line to the next")
      .unit("STEPS")
      .at_least(1)
      .not_compared();
  table.add("--log-level", options.log_level, "least severe level in the run's logs/")
      .choices({"debug", "info", "warning", "error"})
      .not_compared();
}

}  // namespace

OptionTable make_train_option_table(TrainOptions& options) {
  OptionTable table("trainer",
                    "Trains a ResNet to classify images, on one rank or, started by mpirun, on many at once.",
                    SKEIN_VERSION);
  table.accept_config_file();
  add_data_options(table, options);
  add_model_options(table, options);
  add_training_options(table, options);
  add_schedule_options(table, options);
  add_speed_options(table, options);
  add_result_options(table, options);
  add_message_options(table, options);
  return table;
}

nlohmann::json training_settings(const OptionTable& table) {
  nlohmann::json settings = table.compared_values();
  for (const auto& option : table.options())
    if (option->group() == kResults || option->group() == kMessages || option->key() == "weights") settings.erase(option->key());
  return settings;
}

}  // namespace skein
