#pragma once
// Where the ranks of a job that failed first went different ways.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/trace/post_mortem_file.h"

namespace skein {

/// Where a rank was when the ranks of a call went different ways.
enum class RankAtCall {
  kFinished,  ///< had returned from it
  kMet,       ///< in it, and all others were, too: data moved
  kWaited,    ///< in it, and waited for others
  kEnded,     ///< not in it: it had no more use for the communicator
  kFailed,    ///< not in it: an error of its own came first
  kElsewhere, ///< not in it, but in another call
  kAbsent,    ///< not in it, nor in any other: it computed, read, or hung
  kNoReport,  ///< left no post-mortem
};
/// "waited", ...
std::string rank_at_call_name(RankAtCall state);

struct Divergence {
  enum class Kind {
    kNone,          ///< no rank was in a call
    kMismatch,      ///< ranks asked for different things
    kFailed,        ///< the others waited for a rank that failed by itself
    kEnded,         ///< ... that had left early
    kDied,          ///< ... that left no post-mortem
    kNeverArrived,  ///< ... that lived, but did not come
    kDeadlock,      ///< ranks wait for one another in different communicators
    kAllArrived,    ///< all were in the call, and none returned
  };
  Kind kind = Kind::kNone;
  std::vector<int> culprits;  ///< those who differ from most others, or did not come; empty when none stands out
  // The call, unless there is none.
  std::string communicator;
  std::uint64_t sequence = 0;
  std::map<int, RankAtCall> states;    ///< of the communicator's ranks
  std::map<int, TracedCall> calls;     ///< of those of them that were in it
  double begun = 0;                    ///< by the first of these
};
/// "mismatch", "never arrived", ...
std::string divergence_kind_name(Divergence::Kind kind);

/// The first call in which ranks went different ways; of several communicators, rather in one of which no missing rank
/// was stuck in another.
Divergence first_divergence(const JobReport& job);

/// The first error that is not merely a consequence of another rank's (PeerLost, TimeoutError, a signal), or the first
/// of all. Null when no rank left anything.
const RankReport* first_error(const JobReport& job);

}  // namespace skein
