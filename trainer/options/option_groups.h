#pragma once
// What the option table of `trainer` is made of, group by group; not for use elsewhere.

#include "trainer/options/train_options.h"

namespace skein {

inline constexpr const char* kResultOptions = "Results";
inline constexpr const char* kMessageOptions = "Messages";

void add_data_options(OptionTable& table, TrainOptions& options);
void add_model_options(OptionTable& table, TrainOptions& options);
void add_training_options(OptionTable& table, TrainOptions& options);
void add_schedule_options(OptionTable& table, TrainOptions& options);
void add_speed_options(OptionTable& table, TrainOptions& options);
void add_result_options(OptionTable& table, TrainOptions& options);
void add_output_options(OptionTable& table, TrainOptions& options);
void add_message_options(OptionTable& table, TrainOptions& options);

}  // namespace skein
