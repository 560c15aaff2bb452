#pragma once
// The learning rate of each epoch, as torchvision's reference trainer sets it up from
// torch.optim.lr_scheduler: a main schedule, after warm-up epochs at a lower rate.

#include <string>
#include <vector>

namespace skein {

struct LearningRateOptions {
  double initial = 0.1;
  int num_epochs = 90;
  std::string scheduler = "steplr";  ///< steplr, multisteplr, cosineannealinglr or exponentiallr
  int step_size = 30;                ///< epochs
  std::vector<int> milestones;       ///< epochs
  double gamma = 0.1;
  double minimum = 0;
  int num_warmup_epochs = 0;
  std::string warmup_method = "constant";  ///< constant or linear
  double warmup_decay = 0.01;
};

/// Rate of `epoch` (0-based), equal to PyTorch's up to rounding. Milestones and steps count from the end of
/// the warm-up. Pure. Throws UsageError for an unknown scheduler or warm-up method.
double learning_rate(const LearningRateOptions& options, int epoch);

}  // namespace skein
