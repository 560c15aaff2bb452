#include "collectives/roll_call.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/process/text.h"
#include "runtime/trace/rank_ranges.h"

namespace skein {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostNamed = 8;  // ranks of which each is named with its host and its doing

const std::map<Presence::State, std::string>& state_names() {
  static const std::map<Presence::State, std::string> names{{Presence::State::kUnknown, "unknown"},
                                                            {Presence::State::kNotCome, "not come"},
                                                            {Presence::State::kEnded, "ended"},
                                                            {Presence::State::kInside, "inside"},
                                                            {Presence::State::kCompleted, "completed"}};
  return names;
}

std::string title_of(const LastCall& call) {
  return call.communicator == "world" ? call.text : concat(call.text, " of ", call.communicator);
}

std::string seconds_of(Clock::duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return concat(seconds < 10 ? std::round(seconds * 10) / 10 : std::round(seconds), " s");
}

std::string ranks_text(const std::vector<int>& ranks) {
  if (ranks.empty()) return "none";
  return concat(ranks.size() == 1 ? "rank " : "ranks ", rank_ranges(ranks, ", "));
}

/// What is known of a missing rank beside that it is missing; empty for nothing.
std::string doing_of(const RollCall& roll, int rank, const KnownState& known) {
  if (const auto state = known.find(rank); state != known.end()) return state->second;
  const auto answer = roll.presence.find(rank);
  if (answer == roll.presence.end()) return "gives no answer";
  if (!answer->second.elsewhere.empty()) return "waits in " + answer->second.elsewhere;
  if (answer->second.state == Presence::State::kEnded) return "has ended this communicator";
  if (answer->second.state == Presence::State::kUnknown) return "has not made this communicator";
  return "";
}

/// "rank 5 (host b) [is stopped]": ranks one by one while they are few.
std::string missing_text(const RollCall& roll, const Topology& topology, const KnownState& known) {
  const std::vector<int> missing = roll.missing();
  if (missing.size() > kMostNamed) return ranks_text(missing);
  std::string text;
  for (const int rank : missing) {
    const std::string doing = doing_of(roll, rank, known);
    text += concat(text.empty() ? "" : ", ", topology.describe(rank), doing.empty() ? "" : concat(" [", doing, "]"));
  }
  return text;
}

/// Why a call in which all ranks are does not end.
std::string reason_inside(const RollCall& roll, const Topology& topology, const KnownState& known) {
  std::string reason;
  for (const int rank : roll.call.ranks)
    if (const auto state = known.find(rank); state != known.end())
      reason += concat(reason.empty() ? "" : ", ", topology.describe(rank), " ", state->second);
  return reason.empty() ? "data is still under way" : reason;
}

}  // namespace

Json Presence::to_json() const {
  return {{"state", state_names().at(state)}, {"elsewhere", elsewhere}};
}

Presence Presence::from_json(const Json& json) {
  Presence presence;
  for (const auto& [state, name] : state_names())
    if (json.at("state") == name) presence.state = state;
  presence.elsewhere = json.at("elsewhere");
  return presence;
}

Presence presence_in(const std::vector<LastCall>& calls, const std::string& communicator, std::uint64_t sequence) {
  Presence presence;
  for (const LastCall& call : calls) {
    const bool asked_for = call.communicator == communicator;
    if (asked_for && call.sequence == sequence)
      presence.state = call.finished ? Presence::State::kCompleted : Presence::State::kInside;
    else if (asked_for && call.sequence > sequence)
      presence.state = Presence::State::kCompleted;
    else if (asked_for)
      presence.state = call.ended ? Presence::State::kEnded : Presence::State::kNotCome;
  }
  if (presence.has_entered()) return presence;
  for (const LastCall& call : calls)
    if (!call.finished && !call.ended) presence.elsewhere = title_of(call);
  return presence;
}

std::vector<int> RollCall::entered() const {
  std::vector<int> ranks;
  for (const int rank : call.ranks)
    if (const auto found = presence.find(rank); found != presence.end() && found->second.has_entered())
      ranks.push_back(rank);
  return ranks;
}

std::vector<int> RollCall::missing() const {
  const std::vector<int> present = entered();
  std::vector<int> ranks;
  std::copy_if(call.ranks.begin(), call.ranks.end(), std::back_inserter(ranks),
               [&](int rank) { return std::find(present.begin(), present.end(), rank) == present.end(); });
  return ranks;
}

std::string warning_of(const RollCall& roll, const Topology& topology, const KnownState& known,
                       Clock::duration waited) {
  const std::string waiting = "waiting " + seconds_of(waited);
  const std::size_t num_missing = roll.missing().size();
  if (num_missing == 0)
    return concat("all ranks have entered ", title_of(roll.call), " and it does not end; ", waiting, "; ",
                  reason_inside(roll, topology, known));
  return concat(missing_text(roll, topology, known), num_missing == 1 ? " has" : " have", " not entered ",
                title_of(roll.call), "; ", waiting, "; entered: ", ranks_text(roll.entered()));
}

std::string timeout_of(const RollCall& roll, const Topology& topology, const KnownState& known,
                       Clock::duration waited) {
  const std::string what = concat("timed out in ", title_of(roll.call), " after ", seconds_of(waited), ": ");
  if (roll.missing().empty()) return concat(what, "all ranks have entered it; ", reason_inside(roll, topology, known));
  return concat(what, "missing ", missing_text(roll, topology, known), "; entered: ", ranks_text(roll.entered()));
}

}  // namespace skein
