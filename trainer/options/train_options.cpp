#include "trainer/options/train_options.h"

#include <nlohmann/json.hpp>

#include "trainer/options/option_groups.h"
#include "trainer/options/recipe.h"

namespace skein {

OptionTable make_train_option_table(TrainOptions& options) {
  OptionTable table("trainer",
                    "Trains a ResNet to classify images, on one rank or, started by mpirun, on many at once.",
                    SKEIN_VERSION);
  table.accept_config_file();
  table.accept_recipes(recipe_book());
  add_data_options(table, options);
  add_augment_options(table, options);
  add_batch_options(table, options);
  add_model_options(table, options);
  add_training_options(table, options);
  add_group_options(table, options);
  add_schedule_options(table, options);
  add_stopping_options(table, options);
  add_speed_options(table, options);
  add_result_options(table, options);
  add_output_options(table, options);
  add_message_options(table, options);
  return table;
}

nlohmann::json training_settings(const OptionTable& table) {
  nlohmann::json settings = table.compared_values();
  for (const auto& option : table.options())
    if (option->group() == kResultOptions || option->group() == kMessageOptions || option->key() == "weights") settings.erase(option->key());
  return settings;
}

}  // namespace skein
