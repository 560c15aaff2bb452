// Random sequences of calls, on communicators of all ranks and of some, blocking and not, against what they must give.
// A case is named by its seed. SKEIN_FUZZ_CASES and SKEIN_FUZZ_SEED ask for more or other ones.

#include <cstdlib>

#include "runtime/process/text.h"
#include "tests/collectives/conformance/cases.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(RandomCalls);

constexpr std::size_t kMaxBytes = 600000;  // more than two chunks of a stage
constexpr int kMostAtOnce = 3;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

/// A communicator, and memory for as many cases as are under way at once.
struct Team {
  explicit Team(Communicator& the_communicator) : communicator(the_communicator) {
    for (int i = 0; i < kMostAtOnce; ++i) runners.push_back(std::make_unique<CaseRunner>(communicator, kMaxBytes));
  }
  Communicator& communicator;
  std::vector<std::unique_ptr<CaseRunner>> runners;
};

/// One to three calls, all asynchronous or all blocking.
void run_cases(Team& team, std::uint64_t seed) {
  const int num_cases = 1 + static_cast<int>(seed % kMostAtOnce);
  const bool asynchronous = seed % 2 == 0;
  std::vector<Work> under_way;
  for (int i = 0; i < num_cases; ++i) {
    const Case the_case = random_case(seed * kMostAtOnce + i, team.communicator.world_size(), kMaxBytes);
    const Request& request = team.runners[i]->prepare(the_case);
    if (asynchronous)
      under_way.push_back(team.communicator.start(request));
    else
      team.communicator.run(request, Deadline::after(std::chrono::seconds(60)));
  }
  for (Work& work : under_way) work.wait(Deadline::after(std::chrono::seconds(60)));
  for (int i = 0; i < num_cases; ++i) ASSERT_TRUE(team.runners[i]->verify()) << "seed " << seed;
}

TEST_P(RandomCalls, GiveWhatTheyShould) {
  const std::uint64_t num_seeds = from_environment("SKEIN_FUZZ_CASES", 200);
  const std::uint64_t first = from_environment("SKEIN_FUZZ_SEED", 1);
  on_each_rank([&](Communicator& world) {
    std::vector<int> some;
    for (int rank = world.world_size() - 1; rank >= 0; rank -= 2) some.push_back(rank);
    const bool in_some = (world.world_size() - 1 - world.rank()) % 2 == 0;
    const std::unique_ptr<Communicator> group = in_some ? world.split(some) : nullptr;
    Team everyone(world);
    std::unique_ptr<Team> half;
    if (group) half = std::make_unique<Team>(*group);
    for (std::uint64_t seed = first; seed < first + num_seeds; ++seed) {
      run_cases(everyone, seed);
      if (half && seed % 4 == 0) run_cases(*half, seed);
      if (testing::Test::HasFatalFailure()) return;
    }
  });
}

/// Every operation with every element type at the lengths where something changes.
TEST_P(RandomCalls, EveryOperationAtTheEdges) {
  on_each_rank([](Communicator& communicator) {
    CaseRunner runner(communicator, kMaxBytes);
    const int world_size = communicator.world_size();
    const auto n = static_cast<std::size_t>(world_size);
    std::uint64_t seed = 0;
    for (int operation = 0; operation < kNumOperations; ++operation)
      for (int dtype = 0; dtype < kNumDTypes; ++dtype)
        for (const std::size_t count : {std::size_t{0}, std::size_t{1}, n - 1, n, n + 1, std::size_t{4099}}) {
          Case the_case;
          the_case.operation = static_cast<Operation>(operation);
          the_case.dtype = static_cast<DType>(dtype);
          the_case.root = static_cast<int>(++seed % n);
          the_case.in_arena = (seed & 1) != 0 ? 0 : 0x5555555555555555;
          the_case.counts.assign(num_counts(the_case.operation, world_size), count);
          the_case.ragged = the_case.counts.size() > 1 && (seed & 2) != 0;
          for (std::size_t i = 1; the_case.ragged && i < the_case.counts.size(); i += 2) the_case.counts[i] = count / 2;
          communicator.run(runner.prepare(the_case), Deadline::after(std::chrono::seconds(60)));
          ASSERT_TRUE(runner.verify());
        }
  });
}

}  // namespace
}  // namespace skein
