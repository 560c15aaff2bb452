#include "trainer/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/process/error.h"

namespace skein {
namespace {

double warmup_factor(const LearningRateOptions& options, int epoch) {
  if (options.warmup_method == "constant") return options.warmup_decay;
  if (options.warmup_method == "linear")
    return options.warmup_decay + (1 - options.warmup_decay) * epoch / options.num_warmup_epochs;
  throw UsageError("unknown warm-up method '" + options.warmup_method + "'", "use constant or linear");
}

double cosine_rate(const LearningRateOptions& options, int epoch) {
  const int num_epochs = options.num_epochs - options.num_warmup_epochs;
  const double progress = static_cast<double>(epoch) / num_epochs;
  return options.minimum + (options.initial - options.minimum) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

/// How often the rate has dropped by gamma.
double num_drops(const LearningRateOptions& options, int epoch) {
  if (options.scheduler == "steplr") return epoch / options.step_size;
  if (options.scheduler == "exponentiallr") return epoch;
  if (options.scheduler == "multisteplr")
    return static_cast<double>(std::count_if(options.milestones.begin(), options.milestones.end(),
                                             [&](int milestone) { return milestone <= epoch; }));
  throw UsageError("unknown scheduler '" + options.scheduler + "'",
                   "use steplr, multisteplr, cosineannealinglr or exponentiallr");
}

}  // namespace

double learning_rate(const LearningRateOptions& options, int epoch) {
  if (epoch < options.num_warmup_epochs) return options.initial * warmup_factor(options, epoch);
  const int main_epoch = epoch - options.num_warmup_epochs;
  if (options.scheduler == "cosineannealinglr") return cosine_rate(options, main_epoch);
  return options.initial * std::pow(options.gamma, num_drops(options, main_epoch));
}

}  // namespace skein
