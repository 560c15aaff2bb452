#pragma once
// The learning rate at each point of a training, as torchvision's reference trainer sets it up from
// torch.optim.lr_scheduler: a main schedule, after warm-up epochs at a lower rate.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace skein {

/// onecyclelr: torch.optim.lr_scheduler.OneCycleLR without its third phase. L. N. Smith, N. Topin, "Super-Convergence: Very Fast
/// Training of Neural Networks Using Large Learning Rates", 2017, arXiv:1708.07120.
struct OneCycleOptions {
  double rising_share = 0.3;         ///< of all steps, in which the rate rises to LearningRateOptions::initial
  double first_divisor = 25;         ///< of the first rate: initial / first_divisor
  double last_divisor = 1e4;         ///< of the last rate: first rate / last_divisor
  std::string anneal = "cos";        ///< cos or linear
  std::vector<double> momentum;      ///< least and largest: least at the highest rate; empty: it stays as it is
};

struct LearningRateOptions {
  double initial = 0.1;  ///< for onecyclelr the highest
  int num_epochs = 90;
  std::string scheduler = "steplr";  ///< steplr, multisteplr, cosineannealinglr, exponentiallr, polynomiallr or onecyclelr
  int step_size = 30;                ///< epochs
  std::vector<int> milestones;       ///< epochs
  double gamma = 0.1;
  double minimum = 0;
  double power = 1;
  int num_warmup_epochs = 0;
  std::string warmup_method = "constant";  ///< constant or linear
  double warmup_decay = 0.01;
  bool per_step = false;  ///< follows the steps of an epoch too, instead of staying for an epoch
  OneCycleOptions one_cycle;
};

/// A point of the training.
struct ScheduleStep {
  int epoch = 0;                     ///< 0-based
  std::int64_t step = 0;             ///< of the epoch, 0-based
  std::int64_t steps_per_epoch = 1;
};

/// Whether the rate may change within an epoch.
bool changes_within_epochs(const LearningRateOptions& options);

/// Equal to PyTorch's up to rounding; with per_step to that of a scheduler that is stepped after each step and counts
/// in steps what here are epochs. Milestones and steps count from the end of the warm-up. Pure. Throws UsageError for an unknown
/// scheduler, warm-up method or annealing.
double learning_rate(const LearningRateOptions& options, const ScheduleStep& at);

/// onecyclelr's momentum (beta1 of AdamW and LAMB) there, where one_cycle.momentum says so.
std::optional<double> cycled_momentum(const LearningRateOptions& options, const ScheduleStep& at);

}  // namespace skein
