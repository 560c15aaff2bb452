#pragma once
// What the signs on a lifeline mean, and how a loss is put into words. Pure functions.

#include <chrono>
#include <exception>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runtime/process/topology.h"

namespace skein {

/// What is known of the rank at the other end of a connection that stands.
struct PeerSigns {
  bool near = false;            ///< on the same host
  bool said_goodbye = false;    ///< it leaves in order
  int num_missed = 0;           ///< heartbeats since something was heard of it
  bool unacknowledged = false;  ///< its host's system has acknowledged nothing for a while
  bool stopped = false;         ///< as the system of this host says
};

enum class PeerState {
  kWell,
  kStopped,   ///< by SIGSTOP or a debugger
  kSilent,    ///< its host answers, it does not: stopped, or without processor time
  kHostLost,  ///< its host is gone or cannot be reached
};

/// A stopped process is not lost: it may go on. One that nothing but the missing heartbeats speaks of is silent after
/// `most_missed` of them.
PeerState judge(const PeerSigns& signs, int most_missed);
/// What a rank in that state is, as it follows its name.
std::string how_it_is(PeerState state);

/// A loss as all ranks hear of it.
struct Loss {
  std::string message;
  std::string remedy;
  std::vector<int> ranks;  ///< that are lost
  bool of_host = false;

  nlohmann::json to_json() const;
  static Loss from_json(const nlohmann::json& json);
  std::exception_ptr failure() const;  ///< PeerLost
};

Loss loss_of_rank(const Topology& topology, int rank);
/// `silence`: how long nothing has been heard of it.
Loss loss_of_host(const Topology& topology, int host, std::chrono::milliseconds silence);
/// All of several other hosts have fallen silent at once, so `host`, this one, is cut off: to it the others are lost.
Loss loss_of_own_link(const Topology& topology, int host, std::chrono::milliseconds silence);

/// A failure as the rank that it happened to tells the others, and what it is for these: of the same kind where all
/// ranks share it, else PeerLost.
nlohmann::json told_to_others(const std::exception& error);
std::exception_ptr failure_of_other(const std::string& rank, const nlohmann::json& told);

}  // namespace skein
