#pragma once
// Anything that a group of ranks can do, drawn at random, and whether it came out right.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "tests/collectives/conformance/cases.h"

namespace skein {

/// Things that are costly to make and used again; what is made is made by all ranks of a team at the same point.
template <class T>
class Pool {
 public:
  explicit Pool(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}
  std::shared_ptr<T> take() {
    if (spare_.empty()) spare_.push_back(make_());
    std::unique_ptr<T> taken = std::move(spare_.back());
    spare_.pop_back();
    return {taken.release(), [this](T* given_back) { spare_.emplace_back(given_back); }};
  }

 private:
  std::function<std::unique_ptr<T>()> make_;
  std::vector<std::unique_ptr<T>> spare_;
};

/// One communicator and the memory for what goes on in it. Outlives its steps.
class Team {
 public:
  static constexpr std::size_t kMaxBytes = 600000;  // more than two chunks of a stage
  explicit Team(Communicator& the_communicator)
      : communicator(the_communicator),
        runners([this] { return std::make_unique<CaseRunner>(communicator, kMaxBytes); }),
        arenas([this] { return std::make_unique<SharedMemory>(communicator.allocate(kMaxBytes)); }) {}
  bool on_one_host() const { return communicator.topology().num_hosts() == 1; }

  Communicator& communicator;
  Pool<CaseRunner> runners;
  Pool<SharedMemory> arenas;
};

class Step {
 public:
  virtual ~Step() = default;
  /// Starts it; does all of it where it cannot be or is not asked to be asynchronous.
  virtual void begin(bool asynchronous) = 0;
  /// Waits for its end. All ranks of the team come here in the order of begin().
  virtual testing::AssertionResult finish() = 0;
  virtual std::string describe() const = 0;
};

/// Step number `seed`: the same on all ranks of the team.
std::unique_ptr<Step> random_step(Team& team, std::uint64_t seed);

}  // namespace skein
