#include "trainer/planned_options.h"

#include <nlohmann/json.hpp>

#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "trainer/agree.h"

namespace skein {

PlannedOptions plan_options(Communicator& communicator, const TrainingRequest& asked) {
  check_same_options(communicator, asked.table.compared_values());
  PlannedOptions planned;
  check_on_all_ranks(communicator, [&] {
    planned.plan = plan_batches(asked.options, communicator.world_size());
    planned.options = with_plan(asked.options, planned.plan);
  });
  return planned;
}

void announce_plan(const TrainingRequest& asked, const PlannedOptions& planned, std::size_t num_images, int world_size,
                   Progress& progress) {
  const std::string recipe = asked.table.recipe_file().empty() ? "" : concat("recipe ", asked.table.recipe_file().string());
  for (const std::string& line :
       {recipe, describe_batches(asked.options, planned.plan, world_size), describe_rate(asked.options, planned.plan)}) {
    if (line.empty()) continue;
    log_info(line);
    progress.message(line);
  }
  if (const std::string warning = few_steps_warning(asked.options, planned.plan, num_images); !warning.empty()) log_warning(warning);
}

}  // namespace skein
