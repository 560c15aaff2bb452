// Flags that need or defeat one another.

#include <nlohmann/json.hpp>

#include "runtime/options/compare_options.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/trace/timeline.h"
#include "trainer/data/augment/augmentation.h"
#include "trainer/options/augment_options.h"
#include "trainer/options/train_options.h"

namespace skein {
namespace {

bool uses_momentum(const TrainOptions& options) {
  return options.opt == "sgd" || options.opt == "lars";
}
bool has_betas(const TrainOptions& options) {
  return options.opt == "adamw" || options.opt == "lamb";
}
bool has_model_ema(const TrainOptions& options) {
  return options.model_ema;
}
bool warms_up(const TrainOptions& options) {
  return options.lr_warmup_epochs > 0;
}

bool uses_rand_augment(const TrainOptions& options) {
  return options.auto_augment == "ra";
}

/// A flag that counts only beside certain values of another one, its master.
struct DependentFlag {
  const char* key;
  const char* master;
  bool (*has_effect)(const TrainOptions&);
  const char* remedy;
};

const DependentFlag kDependentFlags[] = {
    {"cache_bytes", "cache", [](const TrainOptions& o) { return o.cache != "none"; }, "add --cache memory or disk"},
    {"cache_dir", "cache", [](const TrainOptions& o) { return o.cache == "disk"; }, "add --cache disk, or drop it"},
    {"momentum", "opt", uses_momentum, "use --opt sgd or lars, or drop it"},
    {"nesterov", "opt", uses_momentum, "use --opt sgd or lars, or drop it"},
    {"opt_betas", "opt", has_betas, "use --opt adamw or lamb, or drop it"},
    {"model_ema_steps", "model_ema", has_model_ema, "add --model-ema"},
    {"model_ema_decay", "model_ema", has_model_ema, "add --model-ema"},
    {"powersgd_rank", "compression", [](const TrainOptions& o) { return o.compression == "powersgd"; },
     "add --compression powersgd"},
    {"topk_ratio", "compression", [](const TrainOptions& o) { return o.compression == "topk"; }, "add --compression topk"},
    {"compression_start", "compression", compresses_with_feedback, "use --compression powersgd or topk"},
    {"lr_step_size", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler == "steplr"; },
     "drop it, or use --lr-scheduler steplr"},
    {"ra_num_ops", "auto_augment", uses_rand_augment, "add --auto-augment ra"},
    {"ra_magnitude", "auto_augment", uses_rand_augment, "add --auto-augment ra"},
    {"augmix_severity", "auto_augment", [](const TrainOptions& o) { return o.auto_augment == "augmix"; },
     "add --auto-augment augmix"},
    {"random_erase_value", "random_erase", [](const TrainOptions& o) { return o.random_erase > 0; }, "give --random-erase"},
    {"lr_milestones", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler == "multisteplr"; },
     "add --lr-scheduler multisteplr"},
    {"lr_gamma", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler != "cosineannealinglr"; },
     "drop it, or use --lr-scheduler steplr, multisteplr or exponentiallr"},
    {"lr_min", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler == "cosineannealinglr"; },
     "drop it, or use --lr-scheduler cosineannealinglr"},
    {"lr_warmup_method", "lr_warmup_epochs", warms_up, "give --lr-warmup-epochs"},
    {"lr_warmup_decay", "lr_warmup_epochs", warms_up, "give --lr-warmup-epochs"},
    {"ra_reps", "ra_sampler", [](const TrainOptions& o) { return o.ra_sampler; }, "add --ra-sampler"},
    {"max_requeues", "on_signal", [](const TrainOptions& o) { return o.on_signal == "requeue"; },
     "add --on-signal requeue"}};

/// "--opt adamw", "no --model-ema"
std::string setting_text(const Option& option) {
  if (option.arity() == OptionValue::Arity::kFlag) return concat("no ", option.flag());
  return concat(option.flag(), " ", option_text(option.current()));
}

/// With its default value a flag is let pass anywhere, so that the options of a run, fed back as --config, are accepted; so
/// is one of a file whose master the command line has changed.
void check_dependent(const DependentFlag& flag, const TrainOptions& options, const OptionTable& table) {
  const Option& option = table.option(flag.key);
  const Option& master = table.option(flag.master);
  if (option.has_default() || flag.has_effect(options)) return;
  const std::string place = table.origin(flag.key);
  const std::string problem = concat(" has no effect with ", setting_text(master));
  if (place == OptionTable::kCommandLine) throw UsageError(option.flag() + problem, flag.remedy);
  if (table.origin(flag.master) != OptionTable::kCommandLine)
    throw ConfigError(concat(place, ": ", flag.key, problem), flag.remedy);
}

}  // namespace

bool compresses_with_feedback(const TrainOptions& options) {
  return options.compression == "powersgd" || options.compression == "topk";
}

void check_train_options(const TrainOptions& options, const OptionTable& table) {
  if (options.test_only && !options.weights)
    throw UsageError("--test-only needs --weights: a fresh network knows nothing", "add --weights FILE");
  if (options.cache == "disk" && !options.cache_dir)
    throw UsageError("--cache disk needs --cache-dir", "name a folder on a local disk of each host, e.g. --cache-dir /tmp/images");
  if (options.nesterov && options.momentum == 0)
    throw UsageError("--nesterov needs momentum, but --momentum is 0", "give a --momentum, usually 0.9");
  if (options.opt_betas.size() != 2)
    throw UsageError("--opt-betas takes two numbers", "e.g. --opt-betas 0.9,0.999");
  if (options.sync_bn && options.freeze_norm)
    throw UsageError("--sync-bn shares the statistics of BatchNorm and --freeze-norm takes none", "leave one of them out");
  if (options.test_only && !options.resume.empty())
    throw UsageError("--test-only evaluates and --resume goes on training", "leave one of them out");
  const bool weights_are_older = table.origin("weights") != OptionTable::kCommandLine && table.origin("resume") == OptionTable::kCommandLine;
  if (options.weights && !options.resume.empty() && options.resume != "auto" && !weights_are_older)
    throw UsageError("--weights and --resume PATH both say what to start from", "leave one of them out");
  if (options.batch_size == 1 && options.train_crop_size <= 32 && !options.freeze_norm && !options.test_only)
    throw UsageError(concat("--batch-size 1 with --train-crop-size ", options.train_crop_size,
                            " gives BatchNorm a single value a channel, of which it can learn nothing"),
                     "use a larger batch or crop, or --freeze-norm");
  if (const auto& scale = options.train_crop_scale; scale.size() != 2 || scale[0] > scale[1] || scale[1] > 1)
    throw UsageError("--train-crop-scale takes two shares, 0 < MIN <= MAX <= 1", "e.g. --train-crop-scale 0.5,1");
  if (options.lr_warmup_epochs >= options.epochs && options.lr_warmup_epochs > 0)
    throw UsageError(
        concat("--lr-warmup-epochs ", options.lr_warmup_epochs, " leaves nothing of --epochs ", options.epochs),
        "warm up for fewer epochs");
  if (options.lr_scheduler == "multisteplr" && options.lr_milestones.empty())
    throw UsageError("--lr-scheduler multisteplr needs --lr-milestones", "e.g. --lr-milestones 30,60");
  check(augment_options(options));
  if (options.timeline) require_timeline_place(*options.timeline);
  for (const DependentFlag& flag : kDependentFlags) check_dependent(flag, options, table);
}

}  // namespace skein
