// Values of learning options that make no sense together.

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/options/option_groups.h"

namespace skein {

void check_learning_options(const TrainOptions& options) {
  if (const auto& momentum = options.lr_cycle_momentum;
      !momentum.empty() && (momentum.size() != 2 || momentum[0] > momentum[1] || momentum[1] == 0))
    throw UsageError("--lr-cycle-momentum takes two numbers, 0 <= MIN <= MAX < 1, and MAX above 0", "e.g. --lr-cycle-momentum 0.85,0.95");
  if (!options.freeze.empty() && !options.weights && options.resume.empty())
    throw UsageError("--freeze without --weights: the layers would keep the random values that they begin with", "add --weights FILE");
  if (options.sync_bn && freezes_backbone(options))
    throw UsageError("--sync-bn shares the statistics of BatchNorm, and --freeze backbone leaves none to take", "leave one of them out");
  if (options.global_batch_size > 0 && options.max_batch_size > options.global_batch_size)
    throw UsageError(concat("--max-batch-size ", options.max_batch_size, " is more than --global-batch-size ", options.global_batch_size,
                            ", the images of all ranks"),
                     "leave --max-batch-size out");
}

void check_norm_statistics(const TrainOptions& options) {
  const bool learns_norms = !options.freeze_norm && !freezes_backbone(options) && !options.test_only;
  if (options.batch_size != 1 || options.train_crop_size > 32 || !learns_norms) return;
  throw UsageError(concat(options.global_batch_size > 0 ? "one image a rank" : "--batch-size 1", " with --train-crop-size ",
                          options.train_crop_size, " gives BatchNorm a single value a channel, of which it can learn nothing"),
                   "use a larger batch or crop, or --freeze-norm");
}

}  // namespace skein
