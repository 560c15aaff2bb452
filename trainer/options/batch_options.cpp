// How many images all ranks take at a step, and what that means for the learning rate.

#include "trainer/options/option_groups.h"

namespace skein {

void add_batch_options(OptionTable& table, TrainOptions& options) {
  table.group("Batches of all ranks");
  table
      .add("--global-batch-size", options.global_batch_size,
           "images per step of all ranks together, in the place of --batch-size: any number of ranks then trains alike; 0: as "
           "--batch-size says")
      .unit("IMAGES")
      .at_least(0);
  table
      .add("--max-batch-size", options.max_batch_size,
           "with --global-batch-size: images that a rank takes at a time at most; more are accumulated; 0: no limit")
      .unit("IMAGES")
      .at_least(0);
  table
      .add("--lr-scaling", options.lr_scaling,
           "--lr and --head-lr are for --lr-base-batch-size images a step and scaled in proportion (linear: Goyal et al. 2017), or by "
           "the square root, to those that all ranks take")
      .choices({"none", "linear", "sqrt"});
  table.add("--lr-base-batch-size", options.lr_base_batch_size, "images a step for which --lr is meant").unit("IMAGES").at_least(1);
}

}  // namespace skein
