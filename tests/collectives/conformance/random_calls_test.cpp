// Random sequences of everything that ranks can do together, on all of them and on groups that overlap, blocking and
// not, against a simple reference. A sequence is named by its seed: SKEIN_FUZZ_SEED says where to begin, SKEIN_FUZZ_CASES
// how many steps to take at least.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <numeric>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/random_steps.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(RandomCalls);

constexpr std::uint64_t kStepsByDefault = 240;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

/// What all ranks do, known to all of them.
struct Sequence {
  struct Planned {
    std::size_t group;
    std::uint64_t seed;
    bool asynchronous;
    std::size_t finish_before;  // of the steps before, these are waited for first
  };
  std::vector<std::vector<int>> groups;  // the first: everyone
  std::vector<Planned> steps;
};

Sequence random_sequence(std::uint64_t seed, int world_size) {
  Random random(seed);
  Sequence sequence;
  std::vector<int> everyone(world_size);
  std::iota(everyone.begin(), everyone.end(), 0);
  sequence.groups.push_back(everyone);
  const std::size_t num_groups = below(random, 4);
  for (std::size_t i = 0; i < num_groups; ++i) {
    for (std::size_t j = everyone.size(); j > 1; --j) std::swap(everyone[j - 1], everyone[below(random, j)]);
    const auto some = everyone.begin() + 1 + static_cast<std::ptrdiff_t>(below(random, everyone.size()));
    sequence.groups.emplace_back(everyone.begin(), some);
  }
  const std::size_t num_steps = 8 + below(random, 40);
  for (std::size_t i = 0; i < num_steps; ++i) {
    const std::size_t at_once = below(random, 6);
    sequence.steps.push_back({below(random, sequence.groups.size()), random(), below(random, 2) == 0,
                              i < at_once ? 0 : i - at_once});
  }
  return sequence;
}

/// One rank's part of a sequence.
class Player {
 public:
  Player(Communicator& world, const Sequence& sequence) : sequence_(sequence) {
    for (const std::vector<int>& ranks : sequence.groups) {
      const bool member = std::find(ranks.begin(), ranks.end(), world.rank()) != ranks.end();
      splits_.push_back(member && !teams_.empty() ? world.split(ranks) : nullptr);
      teams_.push_back(member ? std::make_unique<Team>(teams_.empty() ? world : *splits_.back()) : nullptr);
    }
  }
  testing::AssertionResult play() {
    for (std::size_t i = 0; i < sequence_.steps.size(); ++i) {
      const Sequence::Planned& planned = sequence_.steps[i];
      if (auto right = finish_before(planned.finish_before); !right) return right;
      if (Team* team = teams_[planned.group].get()) {
        under_way_.push_back({i, random_step(*team, planned.seed)});
        under_way_.back().step->begin(planned.asynchronous);
      }
    }
    return finish_before(sequence_.steps.size());
  }

 private:
  struct Begun {
    std::size_t number;
    std::unique_ptr<Step> step;
  };
  testing::AssertionResult finish_before(std::size_t number) {
    for (; !under_way_.empty() && under_way_.front().number < number; under_way_.pop_front()) {
      const Begun& begun = under_way_.front();
      if (auto right = begun.step->finish(); !right)
        return right << "\n  in step " << begun.number << " of group " << sequence_.steps[begun.number].group << ": "
                     << begun.step->describe();
    }
    return testing::AssertionSuccess();
  }
  const Sequence& sequence_;
  std::vector<std::unique_ptr<Communicator>> splits_;
  std::vector<std::unique_ptr<Team>> teams_;  // by group; none where this rank is no member
  std::deque<Begun> under_way_;
};

TEST_P(RandomCalls, GiveWhatTheyShould) {
  const std::uint64_t num_steps = from_environment("SKEIN_FUZZ_CASES", kStepsByDefault);
  std::uint64_t done = 0;
  for (std::uint64_t seed = from_environment("SKEIN_FUZZ_SEED", 1); done < num_steps && !HasFailure(); ++seed) {
    const std::string replay = concat("replay with SKEIN_FUZZ_SEED=", seed, " SKEIN_FUZZ_CASES=1, --gtest_filter='*",
                                      "RandomCalls.GiveWhatTheyShould*", GetParam().name(), "'");
    std::atomic<std::uint64_t> taken = 0;
    on_each_rank([&](Communicator& world) {
      const Sequence sequence = random_sequence(seed, world.world_size());
      taken = sequence.steps.size();
      try {
        if (auto right = Player(world, sequence).play(); !right) throw Error(right.message());
      } catch (const std::exception& error) {
        ADD_FAILURE() << "rank " << world.rank() << ": " << error.what() << "; " << replay;
        throw;
      }
    });
    done += taken;
  }
  RecordProperty("steps", std::to_string(done));
  if (std::getenv("SKEIN_FUZZ_CASES") != nullptr) std::clog << concat("fuzz: ", done, " steps\n");
}

/// Every operation with every element type at the lengths where something changes.
TEST_P(RandomCalls, EveryOperationAtTheEdges) {
  on_each_rank([](Communicator& communicator) {
    CaseRunner runner(communicator, Team::kMaxBytes);
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
