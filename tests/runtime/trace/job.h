#pragma once
// Jobs that failed, made up.

#include "runtime/trace/post_mortem_file.h"

namespace skein {

enum class CallState { kWaiting, kMet, kFinished };

/// A job of which every rank but the `missing` left a post-mortem with a PeerLost in it.
class MadeUpJob {
 public:
  explicit MadeUpJob(int world_size, const std::vector<int>& missing = {}) {
    job_.world_size = world_size;
    for (int rank = 0; rank < world_size; ++rank)
      job_.ranks[rank] = {rank, world_size, "node0", 100.0 + rank, "PeerLost", "another rank is gone", {}};
    for (const int rank : missing) job_.ranks.erase(rank);
  }
  /// `rank`'s next call on a communicator of `ranks`, begun at `time`.
  MadeUpJob& call(int rank, const std::string& communicator, const std::vector<int>& ranks, const std::string& what,
                  CallState state, double time) {
    TracedCommunicator& own = job_.ranks.at(rank).communicators[communicator];
    own.ranks = ranks;
    TracedCall call{.sequence = own.num_calls++, .text = what, .digest = what, .begun = time};
    if (state != CallState::kWaiting) call.met = time + 1;
    if (state == CallState::kFinished) call.finished = time + 2;
    own.calls[call.sequence] = call;
    return *this;
  }
  MadeUpJob& error(int rank, const std::string& kind, double time) {
    job_.ranks.at(rank).error_kind = kind;
    job_.ranks.at(rank).time = time;
    return *this;
  }
  JobReport& job() { return job_; }

 private:
  JobReport job_;
};

}  // namespace skein
