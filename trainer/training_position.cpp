#include "trainer/training_position.h"

#include <nlohmann/json.hpp>

namespace skein {

nlohmann::json to_json(const TrainingPosition& position) {
  return {{"epoch", position.epoch},
          {"images_done", position.images_done},
          {"is_epoch_trained", position.is_epoch_trained},
          {"num_steps_done", position.num_steps_done},
          {"num_steps_skipped", position.num_steps_skipped},
          {"best_accuracy", position.best_accuracy},
          {"epoch_so_far", position.epoch_so_far.values()},
          {"early_stopping", to_json(position.early_stopping)}};
}

TrainingPosition position_of(const nlohmann::json& json) {
  TrainingPosition position;
  position.epoch = json.at("epoch");
  position.images_done = json.at("images_done");
  position.is_epoch_trained = json.at("is_epoch_trained");
  position.num_steps_done = json.at("num_steps_done");
  position.num_steps_skipped = json.at("num_steps_skipped");
  position.best_accuracy = json.at("best_accuracy");
  position.epoch_so_far = Tally::of(json.at("epoch_so_far").get<std::array<double, 4>>());
  if (json.contains("early_stopping")) position.early_stopping = early_stopping_state_of(json["early_stopping"]);
  return position;
}

}  // namespace skein
