// Parameters that are trained otherwise than the rest, and when a training ends early.

#include "trainer/options/option_groups.h"

namespace skein {

void add_group_options(OptionTable& table, TrainOptions& options) {
  table.group("Parameters with settings of their own");
  table
      .add("--freeze", options.freeze,
           "layers that stay as they are, running statistics of BatchNorm included: names as in the weights, such as "
           "conv1,bn1,layer1, or backbone: all but the last layer")
      .unit("NAME,...");
  table.add("--head-lr", options.head_lr, "learning rate of the last layer; schedules change it in proportion; else as --lr").more_than(0);
  table
      .add("--norm-weight-decay", options.norm_weight_decay,
           "of the parameters of BatchNorm; else as --weight-decay, but 0 with lars and lamb, which then do not scale their updates either")
      .at_least(0);
  table.add("--bias-weight-decay", options.bias_weight_decay, "of all biases, those of BatchNorm too; else likewise").at_least(0);
}

void add_stopping_options(OptionTable& table, TrainOptions& options) {
  table.group("Early stopping");
  table.add("--early-stopping", options.early_stopping, "end after so many epochs without a gain; 0: never").unit("EPOCHS").at_least(0);
  table.add("--early-stopping-metric", options.early_stopping_metric, "in which there has to be a gain")
      .choices({"val/accuracy", "val/loss"});
  table.add("--early-stopping-delta", options.early_stopping_delta, "what counts as a gain: by more than this, in per cent for the accuracy")
      .at_least(0);
}

}  // namespace skein
