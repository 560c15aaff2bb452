#include "trainer/run_facts.h"

#include <nlohmann/json.hpp>

#include "runtime/process/environment.h"
#include "runtime/process/text.h"
#include "trainer/learner.h"

namespace skein {
namespace {

using nlohmann::json;

json topology_facts(const World& world, const ThreadBudget& budget) {
  json hosts = json::array();
  const Topology& topology = world.topology();
  for (int host = 0; host < topology.num_hosts(); ++host)
    hosts.push_back({{"name", topology.host_name(host)}, {"ranks", topology.ranks_of_host(host)}});
  return {{"world_size", world.world_size()},
          {"hosts", hosts},
          {"threads_per_rank", budget.intra_op_threads},
          {"workers_per_rank", budget.workers}};
}

/// What the ranks make of the parameters.
json plan_facts(const World& world, const TrainingRequest& request) {
  const TrainOptions& options = request.options;
  json plan = {{"images_per_step", std::int64_t{1} * options.batch_size * options.accumulate * world.world_size()},
               {"batch_size", options.batch_size},
               {"accumulate", options.accumulate},
               {"learning_rate", options.lr}};
  if (!request.table.recipe_file().empty()) plan["recipe"] = request.table.recipe_file().string();
  return plan;
}

/// What is not as it would be without the user's wish: {key: {default, origin}}.
json changed_parameters(const OptionTable& table) {
  TrainOptions unchanged;
  const json defaults = make_train_option_table(unchanged).values();
  const json values = table.values();
  json changed = json::object();
  for (const auto& [key, value] : values.items())
    if (defaults.contains(key) && defaults.at(key) != value)
      changed[key] = {{"default", defaults.at(key)}, {"origin", table.origin(key)}};
  return changed;
}

std::string counted(int number, const std::string& thing) {
  return concat(number, " ", thing, number == 1 ? "" : "s");
}

}  // namespace

json run_facts(const World& world, const TrainingRequest& request, const ThreadBudget& budget) {
  return {{"command", request.command},
          {"parameters", request.table.values()},
          {"plan", plan_facts(world, request)},
          {"changed_parameters", changed_parameters(request.table)},
          {"host", {{"name", host_name()}, {"environment", launch_environment().recorded}}},
          {"versions", {{"skein", SKEIN_VERSION}, {"libtorch", torch_version()}, {"mpi", world.mpi_version()}}},
          {"seeds", {{"seed", request.options.seed}}},
          {"topology", topology_facts(world, budget)}};
}

std::string describe_ranks(const World& world, const ThreadBudget& budget) {
  std::string text = counted(world.world_size(), "rank");
  if (world.topology().num_hosts() > 1) text += concat(" on ", world.topology().num_hosts(), " hosts");
  return concat(text, world.world_size() > 1 ? ", each with " : " with ", counted(budget.intra_op_threads, "thread"),
                " and ", counted(budget.workers, "loader worker"));
}

}  // namespace skein
