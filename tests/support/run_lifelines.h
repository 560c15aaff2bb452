#pragma once
// Lifelines between threads of this process, on pretended hosts, with heartbeats fast enough for tests.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/process/lifeline.h"
#include "runtime/process/topology.h"

namespace skein {

/// A rank: its lifeline, and the failures that it hears of.
class LifelineRank {
 public:
  static constexpr std::chrono::milliseconds kHeartbeat{40};

  LifelineRank(int rank, const Topology& topology, LifelinePort port, const std::vector<LifelineContact>& contacts);

  Lifeline& lifeline() { return *lifeline_; }
  void die() { lifeline_.reset(); }
  void leave();
  /// "PeerLost: rank 2 ..."; empty while all is well.
  std::string failure() const;

 private:
  void note(const std::exception_ptr& failure);

  mutable std::mutex mutex_;  // guards what follows
  std::string failure_;
  std::unique_ptr<Lifeline> lifeline_;  // last: calls note()
};

/// All ranks of a job, connected.
std::vector<std::unique_ptr<LifelineRank>> lifeline_ranks(const Topology& topology);
void leave_all(std::vector<std::unique_ptr<LifelineRank>>& ranks);

/// Whether it holds within ten seconds.
bool eventually(const std::function<bool()>& condition);

}  // namespace skein
