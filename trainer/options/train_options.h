#pragma once
// What the user of `trainer` can ask for: the one declaration behind the command line, YAML, --help and
// run.json. Names and defaults follow torchvision's reference trainer where it has them.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/options/option_table.h"

namespace skein {

struct TrainOptions {
  // Data
  std::filesystem::path data_path;
  int batch_size = 32;         ///< images per rank and step
  std::optional<int> workers;  ///< loader threads; empty: chosen from the cores
  std::string unreadable = "fail";
  std::string cache = "none";
  std::optional<std::string> cache_bytes;  ///< of a host, "8G"; empty: what is free
  std::optional<std::filesystem::path> cache_dir;
  int train_crop_size = 224;
  std::vector<double> train_crop_scale = {0.08, 1};  ///< least and largest share of the picture
  double hflip_prob = 0.5;
  std::string interpolation = "bilinear";
  bool antialias = true;
  std::string exif_orientation = "apply";
  std::string scaled_decoding = "train";
  double mixup_alpha = 0;
  double cutmix_alpha = 0;
  bool ra_sampler = false;
  int ra_reps = 3;
  int val_resize_size = 256;
  int val_crop_size = 224;

  // Augmentation
  double vflip_prob = 0;
  double rotation = 0;               ///< degrees
  std::vector<double> color_jitter;  ///< empty: none; brightness, contrast, saturation, hue; or one for the first three
  double grayscale_prob = 0;
  std::string auto_augment = "none";
  int ra_num_ops = 2;
  int ra_magnitude = 9;
  int augmix_severity = 3;
  double random_erase = 0;
  std::vector<std::string> random_erase_value = {"0"};  ///< "random", one number, or one a channel

  // Batches of all ranks
  int global_batch_size = 0;  ///< images per step of all ranks; 0: batch_size decides
  int max_batch_size = 0;     ///< of a rank at a time, with global_batch_size; 0: no limit
  std::string lr_scaling = "none";
  int lr_base_batch_size = 256;  ///< for which lr is meant, with lr_scaling

  // Model
  std::string model = "resnet18";
  std::optional<std::filesystem::path> weights;
  bool freeze_norm = false;
  bool sync_bn = false;
  bool zero_init_residual = false;
  std::vector<std::string> freeze;

  // Training
  int epochs = 90;
  double lr = 0.1;
  std::string opt = "sgd";
  double momentum = 0.9;
  std::optional<double> head_lr;  ///< of the last layer; empty: lr
  double weight_decay = 1e-4;
  std::optional<double> norm_weight_decay;  ///< empty: weight_decay, or 0 with lars and lamb; so is the next
  std::optional<double> bias_weight_decay;
  bool nesterov = false;
  std::vector<double> opt_betas = {0.9, 0.999};
  double clip_grad_norm = 0;  ///< 0: none
  bool model_ema = false;
  int model_ema_steps = 32;
  double model_ema_decay = 0.99998;
  std::string nonfinite = "stop";
  double label_smoothing = 0;
  int accumulate = 1;  ///< batches whose gradients one optimizer step sums up
  std::uint64_t seed = 0;
  int early_stopping = 0;  ///< epochs without a gain; 0: never
  double early_stopping_delta = 0;
  std::string early_stopping_metric = "val/accuracy";
  bool test_only = false;

  // Learning rate schedule
  std::string lr_scheduler = "steplr";
  int lr_step_size = 30;
  std::vector<int> lr_milestones;
  double lr_gamma = 0.1;
  double lr_min = 0;
  int lr_warmup_epochs = 0;
  std::string lr_warmup_method = "constant";
  double lr_warmup_decay = 0.01;
  double lr_power = 1;
  bool lr_per_step = false;
  double lr_pct_start = 0.3;
  double lr_div_factor = 25;
  double lr_final_div_factor = 1e4;
  std::string lr_anneal = "cos";
  std::vector<double> lr_cycle_momentum;  ///< least and largest; empty: momentum stays

  // Speed
  std::string amp = "off";
  bool channels_last = true;
  std::string optimizer_state = "host";
  std::string compression = "none";
  int powersgd_rank = 4;
  double topk_ratio = 0.01;
  int compression_start = 0;  ///< step
  std::optional<int> threads;  ///< of each rank for one operation; empty: chosen from the cores

  // Results
  std::optional<std::filesystem::path> output_dir;  ///< empty: the run's own outputs/
  std::filesystem::path runs_dir = "runs";
  std::string experiment = "default";
  std::string run_id;
  std::string resume;              ///< empty, "auto" or a path
  double checkpoint_seconds = 60;  ///< between checkpoints; the last epoch always has one
  int keep_checkpoints = 2;
  int keep_best = 0;
  double max_time = 0;  ///< seconds; 0: no limit
  std::string on_signal = "stop";
  int max_requeues = 10;
  std::string export_format = "none";
  int worst_images = 32;
  bool predictions = false;
  bool check_parameters = false;
  bool tensorboard = true;
  std::optional<std::filesystem::path> timeline;  ///< empty: SKEIN_TIMELINE, or none

  // Messages
  std::string progress = "auto";
  int print_freq = 10;  ///< steps
  std::string log_level = "info";
};

/// By powersgd or topk, which begin at --compression-start.
bool compresses_with_feedback(const TrainOptions& options);

/// Whether --freeze leaves nothing but the last layer to train.
bool freezes_backbone(const TrainOptions& options);

/// A table bound to `options`, which must outlive it.
OptionTable make_train_option_table(TrainOptions& options);

/// What decides how a training goes, by key: all options that ranks must agree in but where results go.
nlohmann::json training_settings(const OptionTable& table);

/// Takes back what a recipe or file says in vain, since a stronger source has chosen otherwise: options of a schedule that is no longer
/// the one, --batch-size beside --global-batch-size. `table`: that of `options`. After parsing, before check_train_options().
void settle_train_options(OptionTable& table, const TrainOptions& options);

/// Throws UsageError where BatchNorm would see a single value a channel. Part of the next one, and again once it is known how
/// --global-batch-size is divided.
void check_norm_statistics(const TrainOptions& options);

/// What no single option can check: flags that need or defeat one another. `table`: that of `options`. Throws
/// UsageError naming the flags.
void check_train_options(const TrainOptions& options, const OptionTable& table);

}  // namespace skein
