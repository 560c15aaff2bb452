#pragma once
// What the option table of `trainer` is made of, group by group; not for use elsewhere.

#include "trainer/options/train_options.h"

namespace skein {

inline constexpr const char* kResultOptions = "Results";
inline constexpr const char* kMessageOptions = "Messages";

void add_data_options(OptionTable& table, TrainOptions& options);
void add_augment_options(OptionTable& table, TrainOptions& options);
void add_batch_options(OptionTable& table, TrainOptions& options);
void add_model_options(OptionTable& table, TrainOptions& options);
void add_training_options(OptionTable& table, TrainOptions& options);
void add_group_options(OptionTable& table, TrainOptions& options);
void add_stopping_options(OptionTable& table, TrainOptions& options);
void add_schedule_options(OptionTable& table, TrainOptions& options);
void add_speed_options(OptionTable& table, TrainOptions& options);
void add_result_options(OptionTable& table, TrainOptions& options);
void add_output_options(OptionTable& table, TrainOptions& options);
void add_message_options(OptionTable& table, TrainOptions& options);

/// Those checks of check_train_options() that are about learning. Throws UsageError.
void check_learning_options(const TrainOptions& options);

}  // namespace skein
