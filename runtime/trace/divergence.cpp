#include "runtime/trace/divergence.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace skein {
namespace {

using Kind = Divergence::Kind;

bool may_be_a_consequence(const std::string& error_kind) {
  return error_kind == "PeerLost" || error_kind == "TimeoutError" || error_kind == "Canceled" ||
         error_kind == "MismatchError";
}

bool is_stuck(const RankReport& report) {
  for (const auto& [name, communicator] : report.communicators)
    for (const auto& [sequence, call] : communicator.calls)
      if (!call.finished) return true;
  return false;
}

/// One communicator, as all of its ranks knew it.
class Together {
 public:
  Together(const JobReport& job, std::string name, const std::vector<int>& ranks)
      : job_(job), name_(std::move(name)), ranks_(ranks) {}

  /// Later calls first judge: a call that is made of others has not returned when one of these fails.
  std::optional<Divergence> divergence() const {
    std::optional<Divergence> found;
    for (const std::uint64_t sequence : sequences()) {
      Divergence here = look_at(sequence);
      if (here.kind == Kind::kNone) continue;
      found = std::move(here);
      if (found->kind != Kind::kAllArrived || !found->culprits.empty()) break;
    }
    return found;
  }

 private:
  const TracedCommunicator* of_rank(int rank) const {
    const auto report = job_.ranks.find(rank);
    if (report == job_.ranks.end()) return nullptr;
    const auto communicator = report->second.communicators.find(name_);
    return communicator == report->second.communicators.end() ? nullptr : &communicator->second;
  }

  std::set<std::uint64_t> sequences() const {
    std::set<std::uint64_t> all;
    for (const int rank : ranks_)
      if (const TracedCommunicator* own = of_rank(rank))
        for (const auto& [sequence, call] : own->calls) all.insert(sequence);
    return all;
  }

  RankAtCall state_of(int rank, std::uint64_t sequence) const {
    const auto report = job_.ranks.find(rank);
    if (report == job_.ranks.end()) return RankAtCall::kNoReport;
    const TracedCommunicator* own = of_rank(rank);
    if (own != nullptr && own->num_calls > sequence) {
      const auto call = own->calls.find(sequence);
      if (call == own->calls.end() || call->second.finished) return RankAtCall::kFinished;  // not kept: long ago
      return call->second.met ? RankAtCall::kMet : RankAtCall::kWaited;
    }
    if (!may_be_a_consequence(report->second.error_kind)) return RankAtCall::kFailed;
    if (is_stuck(report->second)) return RankAtCall::kElsewhere;
    return own != nullptr && own->ended ? RankAtCall::kEnded : RankAtCall::kAbsent;
  }

  Divergence look_at(std::uint64_t sequence) const {
    Divergence here;
    here.communicator = name_;
    here.sequence = sequence;
    for (const int rank : ranks_) {
      here.states[rank] = state_of(rank, sequence);
      const TracedCommunicator* own = of_rank(rank);
      if (own == nullptr || !own->calls.contains(sequence)) continue;
      const TracedCall& call = own->calls.at(sequence);
      here.begun = here.calls.empty() ? call.begun : std::min(here.begun, call.begun);
      here.calls[rank] = call;
    }
    judge(here);
    return here;
  }

  /// Sets kind and culprits.
  static void judge(Divergence& here) {
    std::map<std::string, std::vector<int>> by_digest;
    for (const auto& [rank, call] : here.calls)
      if (!call.digest.empty()) by_digest[call.digest].push_back(rank);
    std::map<RankAtCall, std::vector<int>> ranks;
    for (const auto& [rank, state] : here.states) ranks[state].push_back(rank);
    if (by_digest.size() > 1) {
      here.kind = Kind::kMismatch;
      here.culprits = minority(by_digest);
    } else if (!ranks[RankAtCall::kMet].empty()) {
      judge_transfer(ranks, here);
    } else if (!ranks[RankAtCall::kWaited].empty()) {
      // Nobody returns before all have come; who is still on the way from the meeting was not late.
      ranks[RankAtCall::kFinished].empty() ? judge_arrival(ranks, here) : judge_transfer(ranks, here);
    }
  }

  /// All had come, and some did not return. Those who left nothing may have died in it.
  static void judge_transfer(std::map<RankAtCall, std::vector<int>>& ranks, Divergence& here) {
    here.kind = ranks[RankAtCall::kNoReport].empty() ? Kind::kAllArrived : Kind::kDied;
    here.culprits = ranks[RankAtCall::kNoReport];
    if (here.kind == Kind::kDied || ranks[RankAtCall::kFinished].empty()) return;
    here.culprits = ranks[RankAtCall::kMet];
    here.culprits.insert(here.culprits.end(), ranks[RankAtCall::kWaited].begin(), ranks[RankAtCall::kWaited].end());
    std::sort(here.culprits.begin(), here.culprits.end());
  }

  static void judge_arrival(std::map<RankAtCall, std::vector<int>>& ranks, Divergence& here) {
    static constexpr std::array<std::pair<RankAtCall, Kind>, 5> kReadings = {
        {{RankAtCall::kFailed, Kind::kFailed},
         {RankAtCall::kEnded, Kind::kEnded},
         {RankAtCall::kNoReport, Kind::kDied},
         {RankAtCall::kAbsent, Kind::kNeverArrived},
         {RankAtCall::kElsewhere, Kind::kDeadlock}}};
    here.kind = Kind::kAllArrived;
    for (const auto& [state, kind] : kReadings) {
      if (ranks[state].empty()) continue;
      here.kind = kind;
      here.culprits = ranks[state];
      return;
    }
  }

  /// All but the largest group; nobody when two are the largest.
  static std::vector<int> minority(const std::map<std::string, std::vector<int>>& groups) {
    std::size_t most = 0;
    for (const auto& [digest, ranks] : groups) most = std::max(most, ranks.size());
    std::vector<int> others;
    int num_largest = 0;
    for (const auto& [digest, ranks] : groups) {
      num_largest += ranks.size() == most ? 1 : 0;
      if (ranks.size() < most) others.insert(others.end(), ranks.begin(), ranks.end());
    }
    if (num_largest > 1) return {};
    std::sort(others.begin(), others.end());
    return others;
  }

  const JobReport& job_;
  const std::string name_;
  const std::vector<int> ranks_;
};

/// What explains others before what others explain: ranks that are only stuck elsewhere explain nothing, and that all
/// have come does not say why none returned.
int order_of(Kind kind) {
  switch (kind) {
    case Kind::kAllArrived:
      return 1;
    case Kind::kDeadlock:
      return 2;
    default:
      return 0;
  }
}

}  // namespace

std::string rank_at_call_name(RankAtCall state) {
  static constexpr std::array kNames = {"finished", "met",       "waited", "ended",
                                        "failed",   "elsewhere", "absent", "no report"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string divergence_kind_name(Divergence::Kind kind) {
  static constexpr std::array kNames = {"none", "mismatch",      "failed",   "left early",
                                        "died", "never arrived", "deadlock", "all arrived"};
  return kNames[static_cast<std::size_t>(kind)];
}

Divergence first_divergence(const JobReport& job) {
  std::map<std::string, std::vector<int>> ranks_by_name;
  for (const auto& [rank, report] : job.ranks)
    for (const auto& [name, communicator] : report.communicators) ranks_by_name[name] = communicator.ranks;
  std::optional<Divergence> first;
  for (const auto& [name, ranks] : ranks_by_name) {
    auto found = Together(job, name, ranks).divergence();
    if (!found) continue;
    const auto order = [](const Divergence& d) {
      const bool explained = std::any_of(d.states.begin(), d.states.end(),
                                         [](const auto& state) { return state.second == RankAtCall::kElsewhere; });
      // Of calls that wait for each other's ranks none is the first: the one of most ranks says who is astray.
      const auto num_ranks = d.kind == Divergence::Kind::kDeadlock ? -static_cast<int>(d.states.size()) : 0;
      return std::make_tuple(order_of(d.kind), explained, num_ranks, d.begun);
    };
    if (!first || order(*found) < order(*first)) first = std::move(found);
  }
  return first.value_or(Divergence());
}

const RankReport* first_error(const JobReport& job) {
  const auto order = [](const RankReport& report) {
    return std::make_pair(may_be_a_consequence(report.error_kind) && report.error_kind != "MismatchError", report.time);
  };
  const RankReport* first = nullptr;
  for (const auto& [rank, report] : job.ranks)
    if (first == nullptr || order(report) < order(*first)) first = &report;
  return first;
}

}  // namespace skein
