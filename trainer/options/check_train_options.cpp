// Flags that need or defeat one another.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/options/compare_options.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/trace/timeline.h"
#include "trainer/data/augment/augmentation.h"
#include "trainer/options/augment_options.h"
#include "trainer/options/option_groups.h"

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
bool stops_early(const TrainOptions& options) {
  return options.early_stopping > 0;
}
bool has_one_cycle(const TrainOptions& options) {
  return options.lr_scheduler == "onecyclelr";
}
bool drops_by_gamma(const TrainOptions& options) {
  return options.lr_scheduler == "steplr" || options.lr_scheduler == "multisteplr" || options.lr_scheduler == "exponentiallr";
}
/// Whether the rate would change from step to step.
bool may_follow_steps(const TrainOptions& options) {
  return options.lr_scheduler == "cosineannealinglr" || options.lr_scheduler == "exponentiallr" ||
         options.lr_scheduler == "polynomiallr" || (warms_up(options) && options.lr_warmup_method == "linear");
}

constexpr const char* kUseOneCycle = "drop it, or use --lr-scheduler onecyclelr";

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

/// A flag that is itself a master comes before those that depend on it.
const DependentFlag kScheduleFlags[] = {
    {"lr_step_size", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler == "steplr"; },
     "drop it, or use --lr-scheduler steplr"},
    {"lr_milestones", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler == "multisteplr"; },
     "add --lr-scheduler multisteplr"},
    {"lr_gamma", "lr_scheduler", drops_by_gamma,
     "drop it, or use --lr-scheduler steplr, multisteplr or exponentiallr"},
    {"lr_min", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler == "cosineannealinglr"; },
     "drop it, or use --lr-scheduler cosineannealinglr"},
    {"lr_power", "lr_scheduler", [](const TrainOptions& o) { return o.lr_scheduler == "polynomiallr"; },
     "drop it, or use --lr-scheduler polynomiallr"},
    {"lr_pct_start", "lr_scheduler", has_one_cycle, kUseOneCycle},
    {"lr_div_factor", "lr_scheduler", has_one_cycle, kUseOneCycle},
    {"lr_final_div_factor", "lr_scheduler", has_one_cycle, kUseOneCycle},
    {"lr_anneal", "lr_scheduler", has_one_cycle, kUseOneCycle},
    {"lr_cycle_momentum", "lr_scheduler", has_one_cycle, kUseOneCycle},
    {"lr_warmup_epochs", "lr_scheduler", [](const TrainOptions& o) { return !has_one_cycle(o); },
     "drop it: onecyclelr rises by itself, see --lr-pct-start"},
    {"lr_warmup_method", "lr_warmup_epochs", warms_up, "give --lr-warmup-epochs"},
    {"lr_warmup_decay", "lr_warmup_epochs", warms_up, "give --lr-warmup-epochs"},
    {"lr_per_step", "lr_scheduler", may_follow_steps,
     "drop it: this rate changes between epochs only, or at every step as it is; or warm up by --lr-warmup-method linear"}};

const DependentFlag kDependentFlags[] = {
    {"cache_bytes", "cache", [](const TrainOptions& o) { return o.cache != "none"; }, "add --cache memory or disk"},
    {"cache_dir", "cache", [](const TrainOptions& o) { return o.cache == "disk"; }, "add --cache disk, or drop it"},
    {"batch_size", "global_batch_size", [](const TrainOptions& o) { return o.global_batch_size == 0; },
     "leave one of the two out"},
    {"max_batch_size", "global_batch_size", [](const TrainOptions& o) { return o.global_batch_size > 0; },
     "give --global-batch-size, or --batch-size alone"},
    {"accumulate", "max_batch_size", [](const TrainOptions& o) { return o.max_batch_size == 0; },
     "leave one of the two out: how many batches are accumulated follows from --max-batch-size"},
    {"lr_base_batch_size", "lr_scaling", [](const TrainOptions& o) { return o.lr_scaling != "none"; },
     "add --lr-scaling linear or sqrt"},
    {"zero_init_residual", "weights", [](const TrainOptions& o) { return !o.weights; },
     "leave one of the two out: the weights hold those of BatchNorm"},
    {"early_stopping_metric", "early_stopping", stops_early, "add --early-stopping EPOCHS"},
    {"early_stopping_delta", "early_stopping", stops_early, "add --early-stopping EPOCHS"},
    {"momentum", "lr_cycle_momentum", [](const TrainOptions& o) { return o.lr_cycle_momentum.empty(); },
     "leave one of the two out"},
    {"momentum", "opt", uses_momentum, "use --opt sgd or lars, or drop it"},
    {"nesterov", "opt", uses_momentum, "use --opt sgd or lars, or drop it"},
    {"opt_betas", "opt", has_betas, "use --opt adamw or lamb, or drop it"},
    {"model_ema_steps", "model_ema", has_model_ema, "add --model-ema"},
    {"model_ema_decay", "model_ema", has_model_ema, "add --model-ema"},
    {"powersgd_rank", "compression", [](const TrainOptions& o) { return o.compression == "powersgd"; },
     "add --compression powersgd"},
    {"topk_ratio", "compression", [](const TrainOptions& o) { return o.compression == "topk"; }, "add --compression topk"},
    {"compression_start", "compression", compresses_with_feedback, "use --compression powersgd or topk"},
    {"ra_num_ops", "auto_augment", uses_rand_augment, "add --auto-augment ra"},
    {"ra_magnitude", "auto_augment", uses_rand_augment, "add --auto-augment ra"},
    {"augmix_severity", "auto_augment", [](const TrainOptions& o) { return o.auto_augment == "augmix"; },
     "add --auto-augment augmix"},
    {"random_erase_value", "random_erase", [](const TrainOptions& o) { return o.random_erase > 0; }, "give --random-erase"},
    {"ra_reps", "ra_sampler", [](const TrainOptions& o) { return o.ra_sampler; }, "add --ra-sampler"},
    {"max_requeues", "on_signal", [](const TrainOptions& o) { return o.on_signal == "requeue"; },
     "add --on-signal requeue"}};

/// "--opt adamw", "no --model-ema"
std::string setting_text(const Option& option) {
  if (option.arity() == OptionValue::Arity::kFlag) return concat("no ", option.flag());
  return concat(option.flag(), " ", option_text(option.current()));
}

/// Whether a stronger source has chosen the master.
bool is_overruled(const DependentFlag& flag, const OptionTable& table) {
  return table.layer(flag.master) > table.layer(flag.key);
}

/// With its default value a flag is let pass anywhere, so that the options of a run, fed back as --config, are accepted; so
/// is one of a recipe or file whose master a stronger source has changed.
void check_dependent(const DependentFlag& flag, const TrainOptions& options, const OptionTable& table) {
  const Option& option = table.option(flag.key);
  const Option& master = table.option(flag.master);
  if (option.has_default() || flag.has_effect(options)) return;
  const std::string place = table.origin(flag.key);
  const std::string problem = concat(" has no effect with ", setting_text(master));
  if (place == OptionTable::kCommandLine) throw UsageError(option.flag() + problem, flag.remedy);
  if (!is_overruled(flag, table)) throw ConfigError(concat(place, ": ", flag.key, problem), flag.remedy);
}

/// Of two options of which each replaces the other, the one from the weaker source.
void drop_weaker(OptionTable& table, const char* key, const char* other) {
  if (table.layer(key) < table.layer(other)) table.restore_default(key, other);
}

}  // namespace

void settle_train_options(OptionTable& table, const TrainOptions& options) {
  drop_weaker(table, "global_batch_size", "batch_size");
  drop_weaker(table, "max_batch_size", "accumulate");
  const auto settle = [&](const DependentFlag& flag) {
    if (!table.option(flag.key).has_default() && !flag.has_effect(options) && is_overruled(flag, table))
      table.restore_default(flag.key, flag.master);
  };
  std::ranges::for_each(kScheduleFlags, settle);
  std::ranges::for_each(kDependentFlags, settle);
}

bool freezes_backbone(const TrainOptions& options) {
  return std::ranges::find(options.freeze, "backbone") != options.freeze.end();
}

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
  check_norm_statistics(options);
  if (const auto& scale = options.train_crop_scale; scale.size() != 2 || scale[0] > scale[1] || scale[1] > 1)
    throw UsageError("--train-crop-scale takes two shares, 0 < MIN <= MAX <= 1", "e.g. --train-crop-scale 0.5,1");
  if (options.lr_warmup_epochs >= options.epochs && options.lr_warmup_epochs > 0)
    throw UsageError(
        concat("--lr-warmup-epochs ", options.lr_warmup_epochs, " leaves nothing of --epochs ", options.epochs),
        "warm up for fewer epochs");
  if (options.lr_scheduler == "multisteplr" && options.lr_milestones.empty())
    throw UsageError("--lr-scheduler multisteplr needs --lr-milestones", "e.g. --lr-milestones 30,60");
  check(augment_options(options));
  check_learning_options(options);
  if (options.timeline) require_timeline_place(*options.timeline);
  for (const DependentFlag& flag : kScheduleFlags) check_dependent(flag, options, table);
  for (const DependentFlag& flag : kDependentFlags) check_dependent(flag, options, table);
}

}  // namespace skein
