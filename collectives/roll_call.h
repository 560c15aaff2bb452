#pragma once
// Who has come to a call and who has not: what ranks answer when they are asked, and how that is put into words.

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/process/deadline.h"
#include "runtime/process/topology.h"

namespace skein {

/// The last call that this rank has made on one of its communicators.
struct LastCall {
  std::string communicator;  ///< its name, the same on all its ranks
  std::vector<int> ranks;    ///< of the world, that take part
  std::uint64_t sequence = 0;
  std::string text;  ///< as the call describes itself
  bool finished = false;
  bool ended = false;  ///< the rank has no more use for the communicator
  Clock::time_point begun;
};

/// What one rank says of a call that others wait in.
struct Presence {
  enum class State {
    kUnknown,    ///< it has never made this communicator, or long forgotten it
    kNotCome,    ///< it has made its last call before
    kEnded,      ///< as well, and will make no other
    kInside,     ///< it is in the call
    kCompleted,  ///< it has returned from it
  };
  State state = State::kUnknown;
  std::string elsewhere;  ///< call of this or another communicator in which it waits instead; empty for none

  bool has_entered() const { return state == State::kInside || state == State::kCompleted; }
  nlohmann::json to_json() const;
  static Presence from_json(const nlohmann::json& json);
};

/// What a rank whose last calls are `calls` says of call number `sequence` of `communicator`.
Presence presence_in(const std::vector<LastCall>& calls, const std::string& communicator, std::uint64_t sequence);

/// A call that somebody waits in, and what has been heard of it. Plain data.
struct RollCall {
  LastCall call;                     ///< as the asking rank has made it
  std::map<int, Presence> presence;  ///< of the ranks that have answered

  std::vector<int> entered() const;
  std::vector<int> missing() const;
};

/// How a rank that has not answered is known to be: "is stopped", or empty.
using KnownState = std::map<int, std::string>;

/// "rank 5 (host b) has not entered allreduce #1234 'w'; waiting 60 s; entered: ranks 0-4". `topology` is the world's.
std::string warning_of(const RollCall& roll, const Topology& topology, const KnownState& known, Clock::duration waited);
/// "timed out in allreduce #1234 'w' after 600 s: missing rank 5 (host b); entered: ranks 0-4".
std::string timeout_of(const RollCall& roll, const Topology& topology, const KnownState& known, Clock::duration waited);

}  // namespace skein
