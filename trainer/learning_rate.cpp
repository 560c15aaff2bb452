#include "trainer/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/process/error.h"

namespace skein {
namespace {

constexpr const char* kOneCycle = "onecyclelr";

double warmup_factor(const LearningRateOptions& options, double epoch) {
  if (options.warmup_method == "constant") return options.warmup_decay;
  if (options.warmup_method == "linear")
    return options.warmup_decay + (1 - options.warmup_decay) * epoch / options.num_warmup_epochs;
  throw UsageError("unknown warm-up method '" + options.warmup_method + "'", "use constant or linear");
}

/// From `first` to `last` by half a wave of a cosine.
double along_cosine(double first, double last, double progress) {
  return last + (first - last) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

/// How often the rate has dropped by gamma.
double num_drops(const LearningRateOptions& options, double epoch) {
  if (options.scheduler == "steplr") return std::floor(epoch / options.step_size);
  if (options.scheduler == "exponentiallr") return epoch;
  if (options.scheduler == "multisteplr")
    return static_cast<double>(std::count_if(options.milestones.begin(), options.milestones.end(),
                                             [&](int milestone) { return milestone <= epoch; }));
  throw UsageError("unknown scheduler '" + options.scheduler + "'",
                   "use steplr, multisteplr, cosineannealinglr, exponentiallr, polynomiallr or onecyclelr");
}

/// Of one cycle: what is `first` at the start, `middle` at the end of the rise and `last` at the end.
double one_cycle(const LearningRateOptions& options, const ScheduleStep& at, double first, double middle, double last) {
  const auto num_steps = static_cast<double>(options.num_epochs * at.steps_per_epoch);
  const auto step = static_cast<double>(at.epoch * at.steps_per_epoch + at.step);
  const double peak = options.one_cycle.rising_share * num_steps - 1;
  const bool rises = step <= peak;
  const double progress = rises ? (peak > 0 ? step / peak : 1) : (step - peak) / (num_steps - 1 - peak);
  const double from = rises ? first : middle, to = rises ? middle : last;
  if (options.one_cycle.anneal == "cos") return along_cosine(from, to, progress);
  if (options.one_cycle.anneal == "linear") return from + (to - from) * progress;
  throw UsageError("unknown annealing '" + options.one_cycle.anneal + "'", "use cos or linear");
}

}  // namespace

bool changes_within_epochs(const LearningRateOptions& options) {
  return options.per_step || options.scheduler == kOneCycle;
}

double learning_rate(const LearningRateOptions& options, const ScheduleStep& at) {
  if (options.scheduler == kOneCycle) {
    const double first = options.initial / options.one_cycle.first_divisor;
    return one_cycle(options, at, first, options.initial, first / options.one_cycle.last_divisor);
  }
  const double within = static_cast<double>(at.step) / static_cast<double>(at.steps_per_epoch);
  const double epoch = at.epoch + (options.per_step ? within : 0);
  if (epoch < options.num_warmup_epochs) return options.initial * warmup_factor(options, epoch);
  const double main_epoch = epoch - options.num_warmup_epochs;
  const double progress = main_epoch / (options.num_epochs - options.num_warmup_epochs);
  if (options.scheduler == "cosineannealinglr") return along_cosine(options.initial, options.minimum, progress);
  if (options.scheduler == "polynomiallr") return options.initial * std::pow(1 - progress, options.power);
  return options.initial * std::pow(options.gamma, num_drops(options, main_epoch));
}

std::optional<double> cycled_momentum(const LearningRateOptions& options, const ScheduleStep& at) {
  if (options.scheduler != kOneCycle || options.one_cycle.momentum.empty()) return std::nullopt;
  const double least = options.one_cycle.momentum.front(), largest = options.one_cycle.momentum.back();
  return one_cycle(options, at, largest, least, largest);
}

}  // namespace skein
