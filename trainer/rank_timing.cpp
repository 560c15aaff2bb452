#include "trainer/rank_timing.h"

#include <nlohmann/json.hpp>

#include "collectives/objects.h"

namespace skein {

RankTiming gather_timing(Communicator& communicator, const StepTimer::Seconds& seconds) {
  RankTiming timing;
  const std::vector<std::string> all = gather_objects(communicator, nlohmann::json(seconds).dump(), 0);
  if (all.empty()) return timing;
  for (const char* name : kStepPhaseNames) timing.phases.push_back({name, {}});
  for (const std::string& rank : all) {
    const auto of_rank = nlohmann::json::parse(rank).get<StepTimer::Seconds>();
    for (std::size_t phase = 0; phase < of_rank.size(); ++phase) timing.phases[phase].by_rank.push_back(of_rank[phase]);
  }
  return timing;
}

}  // namespace skein
