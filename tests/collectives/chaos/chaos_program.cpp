// chaos_program DIRECTORY SEED SECONDS DEADLINE_SECONDS: random collectives whose results are checked, until the time is
// over or a rank fails. For the driver beside it, which stops and kills ranks meanwhile: DIRECTORY/rank_N.pid says that
// rank N is ready, DIRECTORY/rank_N.done that it has made its last call; DIRECTORY/post-mortem is where ranks that fail
// say why.

#include <memory>
#include <string>
#include <vector>

#include "collectives/make_communicator.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/world.h"
#include "tests/collectives/conformance/cases.h"
#include "tests/support/rank_traces.h"

namespace skein {
namespace {

constexpr std::size_t kMaxBytes = 600000;
constexpr int kMostAtOnce = 3;

/// A communicator, and memory for as many calls as are under way at once.
class Team {
 public:
  Team(Communicator& communicator, std::chrono::seconds patience) : communicator_(communicator), patience_(patience) {
    for (int i = 0; i < kMostAtOnce; ++i) runners_.push_back(std::make_unique<CaseRunner>(communicator, kMaxBytes));
  }

  /// One to three calls, all asynchronous or all blocking.
  void run(std::uint64_t seed) {
    const int num_calls = 1 + static_cast<int>(seed % kMostAtOnce);
    std::vector<Work> under_way;
    for (int i = 0; i < num_calls; ++i) {
      const Request& request =
          runners_[i]->prepare(random_case(seed * kMostAtOnce + i, communicator_.world_size(), kMaxBytes));
      if (seed % 2 == 0)
        under_way.push_back(communicator_.start(request));
      else
        communicator_.run(request, Deadline::after(patience_));
    }
    for (Work& work : under_way) work.wait(Deadline::after(patience_));
    for (int i = 0; i < num_calls; ++i)
      if (const auto right = runners_[i]->verify(); !right) throw DataError(concat("wrong value: ", right.message()));
  }

  /// What rank 0 says, on every rank.
  bool decided_by_first(bool decision) {
    std::uint8_t value = decision ? 1 : 0;
    const Buffer buffer{&value, 1, DType::kUInt8};
    communicator_.run({.operation = Operation::kBroadcast, .input = buffer, .output = buffer, .name = "go on"},
                      Deadline::after(patience_));
    return value != 0;
  }

 private:
  Communicator& communicator_;
  std::chrono::seconds patience_;
  std::vector<std::unique_ptr<CaseRunner>> runners_;
};

void run(World& world, const std::vector<std::string>& arguments) {
  const std::string& directory = arguments.at(0);
  std::uint64_t seed = std::stoull(arguments.at(1));
  const auto duration = std::chrono::milliseconds(static_cast<int>(1000 * std::stod(arguments.at(2))));
  const std::chrono::seconds patience(std::stoi(arguments.at(3)));
  world.post_mortem().set_directory(directory + "/post-mortem");
  const auto communicator = make_communicator(world);
  std::vector<int> even;
  for (int rank = 0; rank < world.world_size(); rank += 2) even.push_back(rank);
  const auto half = world.rank() % 2 == 0 ? communicator->split(even) : nullptr;
  Team everyone(*communicator, patience);
  const auto some = half ? std::make_unique<Team>(*half, patience) : nullptr;
  communicator->barrier();
  write_mark(world, directory, "pid");
  communicator->barrier();  // the driver's clock begins with the last of these
  const auto end = Clock::now() + duration;
  while (everyone.decided_by_first(Clock::now() < end)) {
    everyone.run(++seed);
    if (some && seed % 3 == 0) some->run(seed);
  }
  write_mark(world, directory, "done");
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main(argc, argv, [&](skein::World& world) {
    skein::run(world, {argv + 1, argv + argc});
    return 0;
  });
}
