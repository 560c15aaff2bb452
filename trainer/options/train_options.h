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
  int train_crop_size = 224;
  std::vector<double> train_crop_scale = {0.08, 1};  ///< least and largest share of the picture
  double hflip_prob = 0.5;
  int val_resize_size = 256;
  int val_crop_size = 224;

  // Model
  std::string model = "resnet18";
  std::optional<std::filesystem::path> weights;
  bool freeze_norm = false;
  bool sync_bn = false;

  // Training
  int epochs = 90;
  double lr = 0.1;
  std::string opt = "sgd";
  double momentum = 0.9;
  double weight_decay = 1e-4;
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

/// A table bound to `options`, which must outlive it.
OptionTable make_train_option_table(TrainOptions& options);

/// What decides how a training goes, by key: all options that ranks must agree in but where results go.
nlohmann::json training_settings(const OptionTable& table);

/// What no single option can check: flags that need or defeat one another. `table`: that of `options`. Throws
/// UsageError naming the flags.
void check_train_options(const TrainOptions& options, const OptionTable& table);

}  // namespace skein
