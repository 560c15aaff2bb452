#include "trainer/batch_plan.h"

#include <algorithm>
#include <cmath>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// Fewer steps than these in an epoch, and a rate scaled up by the linear rule overshoots before the first drop.
constexpr std::int64_t kFewSteps = 50;

std::string counted(std::int64_t number, const char* singular, const char* plural) {
  return concat(number, " ", number == 1 ? singular : plural);
}

/// The largest number of ranks, up to `world_size`, that divides `images` with `accumulate` batches each.
int ranks_that_divide(int images, int accumulate, int world_size) {
  for (int ranks = world_size; ranks > 1; --ranks)
    if (images % (ranks * accumulate) == 0) return ranks;
  return 1;
}

[[noreturn]] void refuse_division(const TrainOptions& options, int world_size) {
  const int images = options.global_batch_size;
  const int unit = world_size * options.accumulate;
  const std::string accumulated = options.accumulate > 1 ? concat(" times --accumulate ", options.accumulate) : "";
  const int below = images / unit * unit;
  const int ranks = ranks_that_divide(images, options.accumulate, world_size);
  std::string remedy = concat("give ", below > 0 ? concat(below, " or ") : "", below + unit);
  if (images % (ranks * options.accumulate) == 0) remedy += concat(", or start ", counted(ranks, "rank", "ranks"));
  throw UsageError(concat("--global-batch-size ", images, " cannot be shared evenly by ", counted(world_size, "rank", "ranks"), accumulated),
                   remedy);
}

/// The fewest batches of equal size, each at most --max-batch-size.
int batches_of(int rank_images, const TrainOptions& options) {
  const int limit = options.max_batch_size;
  if (limit == 0) return options.accumulate;
  int batches = (rank_images + limit - 1) / limit;
  while (rank_images % batches != 0) ++batches;
  if (batches == rank_images && limit > 1 && rank_images > 1)
    throw UsageError(concat("--global-batch-size ", options.global_batch_size, " gives each rank ", rank_images, " images, which make no equal batches of 2 to --max-batch-size ",
                            limit),
                     "give another --global-batch-size, such as a power of two, or another number of ranks");
  return batches;
}

double factor_of(const TrainOptions& options, std::int64_t images_per_step) {
  const double ratio = static_cast<double>(images_per_step) / options.lr_base_batch_size;
  if (options.lr_scaling == "linear") return ratio;
  return options.lr_scaling == "sqrt" ? std::sqrt(ratio) : 1;
}

}  // namespace

BatchPlan plan_batches(const TrainOptions& options, int world_size) {
  BatchPlan plan{.batch_size = options.batch_size, .accumulate = options.accumulate};
  if (const int images = options.global_batch_size; images > 0) {
    if (images % (world_size * options.accumulate) != 0) refuse_division(options, world_size);
    plan.accumulate = batches_of(images / world_size, options);
    plan.batch_size = images / world_size / plan.accumulate;
  }
  plan.images_per_step = std::int64_t{1} * plan.batch_size * plan.accumulate * world_size;
  plan.lr_factor = factor_of(options, plan.images_per_step);
  check_norm_statistics(with_plan(options, plan));
  return plan;
}

TrainOptions with_plan(const TrainOptions& options, const BatchPlan& plan) {
  TrainOptions planned = options;
  planned.batch_size = plan.batch_size;
  planned.accumulate = plan.accumulate;
  planned.lr *= plan.lr_factor;
  if (planned.head_lr) *planned.head_lr *= plan.lr_factor;
  return planned;
}

std::string describe_batches(const TrainOptions& options, const BatchPlan& plan, int world_size) {
  if (options.global_batch_size == 0) return "";
  return concat(plan.images_per_step, " images a step: ", world_size == 1 ? "1 rank takes " : concat(world_size, " ranks take "),
                plan.accumulate == 1 ? concat(plan.batch_size) : concat(plan.accumulate, " batches of ", plan.batch_size),
                world_size == 1 ? "" : " each");
}

std::string describe_rate(const TrainOptions& options, const BatchPlan& plan) {
  if (options.lr_scaling == "none") return "";
  return concat("lr ", options.lr, " for ", options.lr_base_batch_size, " images a step -> ", options.lr * plan.lr_factor, " for ",
                plan.images_per_step, options.lr_scaling == "linear" ? ", linear rule (Goyal et al. 2017)" : ", square-root rule");
}

std::string few_steps_warning(const TrainOptions& options, const BatchPlan& plan, std::size_t num_images) {
  if (options.lr_scaling == "none" || options.test_only || plan.lr_factor <= 1) return "";
  const std::int64_t num_steps = (static_cast<std::int64_t>(num_images) + plan.images_per_step - 1) / plan.images_per_step;
  if (num_steps >= kFewSteps) return "";
  return concat("--lr-scaling ", options.lr_scaling, ": an epoch has only ", counted(num_steps, "step", "steps"),
                ". The rule is for long trainings; for a small set, as in transfer learning, its rate of ", options.lr * plan.lr_factor,
                " is probably too high: try lr ", options.lr, " with --lr-scaling none, or fewer images a step");
}

}  // namespace skein
