#include "runtime/process/lifeline_verdict.h"

#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using Json = nlohmann::json;

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

PeerState judge(const PeerSigns& signs, int most_missed) {
  if (signs.near && signs.stopped) return PeerState::kStopped;
  if (signs.num_missed <= most_missed || signs.said_goodbye) return PeerState::kWell;
  return signs.unacknowledged && !signs.near ? PeerState::kHostLost : PeerState::kSilent;
}

std::string how_it_is(PeerState state) {
  switch (state) {
    case PeerState::kWell:
      return "is well";
    case PeerState::kStopped:
      return "is stopped (SIGSTOP or a debugger)";
    case PeerState::kSilent:
      return "has not been heard of although its host answers: stopped, or without processor time";
    case PeerState::kHostLost:
      return "is on a host that does not answer";
  }
  return "";
}

Json Loss::to_json() const {
  return {{"message", message}, {"remedy", remedy}, {"ranks", ranks}, {"of_host", of_host}};
}

Loss Loss::from_json(const Json& json) {
  return {json.at("message"), json.at("remedy"), json.at("ranks"), json.at("of_host")};
}

std::exception_ptr Loss::failure() const {
  return std::make_exception_ptr(PeerLost(message, remedy));
}

Loss loss_of_rank(const Topology& topology, int rank) {
  const Topology::Member& member = topology.members[rank];
  const std::string host = topology.num_hosts() > 1 ? concat(member.host_name, ", ") : "";
  return {concat("rank ", rank, " (", host, "pid ", member.pid, ") ended unexpectedly"),
          "look at the end of its log and of the system's log (out of memory?)", {rank}};
}

Loss loss_of_host(const Topology& topology, int host, std::chrono::milliseconds silence) {
  std::string ranks;
  for (int rank : topology.ranks_of_host(host)) ranks += concat(ranks.empty() ? "" : ", ", rank);
  return {concat(topology.host_name(host), " does not answer any more (no heartbeat for ", seconds(silence),
                 " s): its link is down or the host is lost; ranks on it: ", ranks),
          "look whether that host runs and can be reached; the ranks on it end when they notice the same",
          topology.ranks_of_host(host), /*of_host=*/true};
}

Loss loss_of_own_link(const Topology& topology, int host, std::chrono::milliseconds silence) {
  const std::string name = topology.host_name(host);
  std::vector<int> others;
  for (int rank = 0; rank < topology.world_size(); ++rank)
    if (topology.members[rank].host != host) others.push_back(rank);
  return {concat("no other host answers ", name, " any more (no heartbeat for ", seconds(silence), " s): the link of ",
                 name, " is down"),
          "look at the network interface, cable and switch port of this host", others, /*of_host=*/true};
}

Json told_to_others(const std::exception& error) {
  const auto* own = dynamic_cast<const Error*>(&error);
  return {{"kind", own ? own->kind() : "exception"}, {"message", error.what()}};
}

std::exception_ptr failure_of_other(const std::string& rank, const Json& told) {
  const std::string kind = told.at("kind");
  const std::string message = told.at("message");
  if (kind == "TimeoutError") return std::make_exception_ptr(TimeoutError(concat(rank, " gave up: ", message)));
  if (kind == "MismatchError") return std::make_exception_ptr(MismatchError(concat(rank, " noticed that ", message)));
  return std::make_exception_ptr(PeerLost(concat(rank, " failed: ", kind == "exception" ? "" : kind + ": ", message)));
}

}  // namespace skein
