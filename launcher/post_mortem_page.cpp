#include "launcher/post_mortem_page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/run_summary.h"
#include "launcher/text_table.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "runtime/trace/rank_ranges.h"

namespace skein {
namespace {

using nlohmann::json;
using Kind = Divergence::Kind;

/// "rank 2 (node07)", "ranks 1-3".
std::string names_of(const JobReport& job, const std::vector<int>& ranks) {
  if (ranks.size() == 1) return job.describe(ranks.front());
  return "ranks " + rank_ranges(ranks);
}

/// "allreduce #12 'x' float32 x 4, sum (communicator world)". In a mismatch, as most put it.
std::string call_text(const Divergence& divergence) {
  std::string text;
  for (const auto& [rank, call] : divergence.calls) {
    const bool stands_out = std::count(divergence.culprits.begin(), divergence.culprits.end(), rank) > 0;
    if (text.empty() || !stands_out) text = call.text;
  }
  return concat(text, " (communicator ", divergence.communicator, ")");
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string mismatch_verdict(const JobReport& job, const Divergence& divergence) {
  const std::string where = concat(" at call #", divergence.sequence, " of communicator ", divergence.communicator);
  if (divergence.culprits.empty()) return concat("the ranks asked for different things", where);
  const bool one = divergence.culprits.size() == 1;
  return concat(names_of(job, divergence.culprits), one ? " asks" : " ask", " for something else than most ranks", where);
}

/// How long the first of those who waited had done so when it gave up.
double longest_wait(const JobReport& job, const Divergence& divergence) {
  double longest = 0;
  for (const auto& [rank, call] : divergence.calls)
    if (!call.met) longest = std::max(longest, job.ranks.at(rank).time - call.begun);
  return longest;
}

/// What one rank did, without what tells it from others that did the same.
std::string state_text(const JobReport& job, const Divergence& divergence, int rank) {
  const auto call = divergence.calls.find(rank);
  const std::string asked = divergence.kind == Kind::kMismatch && call != divergence.calls.end()
                                ? concat("asked for ", call->second.text) : "";
  switch (divergence.states.at(rank)) {
    case RankAtCall::kFinished:
      return "had returned from it";
    case RankAtCall::kMet:
      return asked.empty() ? "in it, all others had come" : asked;
    case RankAtCall::kWaited:
      return asked.empty() ? "in it, waited for the others" : asked;
    case RankAtCall::kEnded:
      return "did not come: had no more use for the communicator";
    case RankAtCall::kFailed:
      return concat("did not come: ", job.ranks.at(rank).error_kind, ": ", first_line(job.ranks.at(rank).error_message));
    case RankAtCall::kElsewhere:
      return "did not come: was in a call of another communicator";
    case RankAtCall::kAbsent:
      return "did not come, and was in no other call";
    case RankAtCall::kNoReport:
      return "left no post-mortem";
  }
  return "";
}

/// What keeps the ranks of a deadlock: each one's own unfinished call.
std::string stuck_in(const RankReport& report, const std::string& but_not) {
  for (const auto& [name, communicator] : report.communicators)
    for (const auto& [sequence, call] : communicator.calls)
      if (!call.finished && name != but_not) return concat(call.text, " (communicator ", name, ")");
  return "";
}

/// Rows of (ranks, text), those with the same text together, in order of the first rank.
std::vector<std::vector<std::string>> grouped(const std::vector<std::pair<int, std::string>>& lines) {
  std::vector<std::pair<std::string, std::vector<int>>> groups;
  for (const auto& [rank, text] : lines) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == text; });
    (same == groups.end() ? groups.emplace_back(text, std::vector<int>()) : *same).second.push_back(rank);
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [text, ranks] : groups)
    rows.push_back({concat("  ", ranks.size() == 1 ? "rank " : "ranks ", rank_ranges(ranks)), text});
  return rows;
}

std::string states_text(const JobReport& job, const Divergence& divergence) {
  std::vector<std::pair<int, std::string>> lines;
  for (const auto& [rank, state] : divergence.states) {
    std::string text = state_text(job, divergence, rank);
    if (state == RankAtCall::kElsewhere)
      text = "did not come: was in " + stuck_in(job.ranks.at(rank), divergence.communicator);
    lines.emplace_back(rank, text);
  }
  return text_table(grouped(lines));
}

std::string errors_text(const JobReport& job) {
  std::vector<std::pair<int, std::string>> lines;
  for (const auto& [rank, report] : job.ranks)
    lines.emplace_back(rank, concat(report.error_kind, ": ", first_line(report.error_message)));
  return text_table(grouped(lines));
}

}  // namespace

std::string verdict_of(const JobReport& job, const Divergence& divergence) {
  const std::string who = names_of(job, divergence.culprits);
  const bool one = divergence.culprits.size() == 1;
  const std::string missing = one ? " it left no post-mortem" : " they left no post-mortems";
  switch (divergence.kind) {
    case Kind::kNone:
      break;
    case Kind::kMismatch:
      return mismatch_verdict(job, divergence);
    case Kind::kFailed:
      return concat(who, " failed before coming to ", call_text(divergence), ": ",
                    first_line(job.ranks.at(divergence.culprits.front()).error_message));
    case Kind::kEnded:
      return concat(who, " left early: the others waited in ", call_text(divergence),
                    one ? ", and it had no more use for the communicator" : ", and they had no more use for the communicator");
    case Kind::kDied:
      return concat(who, one ? " is" : " are", " gone: the others were in ", call_text(divergence), ";", missing);
    case Kind::kNeverArrived:
      return concat(who, " never arrived at ", call_text(divergence), ", for which the others waited ",
                    duration_text(longest_wait(job, divergence)));
    case Kind::kDeadlock:
      return concat("the ranks wait for one another in different communicators: ", who, one ? " does" : " do",
                    " not come to ", call_text(divergence));
    case Kind::kAllArrived:
      return divergence.culprits.empty()
                 ? concat("all ranks had come to ", call_text(divergence), ", and none returned from it")
                 : concat("all ranks had come to ", call_text(divergence), "; ", who, " did not return from it");
  }
  const std::vector<int> gone = job.missing();
  if (!gone.empty())
    return concat(names_of(job, gone), gone.size() == 1 ? " is" : " are",
                  " gone without a post-mortem, and the others were in no call");
  const RankReport& first = *first_error(job);
  return concat(job.describe(first.rank), " failed first, and no rank was in a call: ", first_line(first.error_message));
}

std::string post_mortem_page(const JobReport& job, const Divergence& divergence) {
  const std::vector<int> missing = job.missing();
  std::string text = concat(job.world_size, job.world_size == 1 ? " rank, " : " ranks, ", job.ranks.size(),
                            job.ranks.size() == 1 ? " post-mortem" : " post-mortems");
  if (!missing.empty()) text += concat("; none of ", names_of(job, missing));
  std::string verdict = verdict_of(job, divergence);
  text += concat("\n\n", verdict, "\n");
  if (divergence.kind != Kind::kNone)
    text += concat("\n", call_text(divergence), "\n", states_text(job, divergence));
  const RankReport& first = *first_error(job);
  text += concat("\nFirst error, ", readable_time(utc_text(first.time)), " UTC, of ", job.describe(first.rank), "\n  ",
                 first.error_kind, ": ", first.error_message, "\n");
  if (job.ranks.size() > 1) text += concat("\nErrors\n", errors_text(job));
  return text;
}

json post_mortem_json(const JobReport& job, const Divergence& divergence) {
  const RankReport& first = *first_error(job);
  json page{{"directory", job.directory.string()},
            {"world_size", job.world_size},
            {"missing", job.missing()},
            {"kind", divergence_kind_name(divergence.kind)},
            {"verdict", verdict_of(job, divergence)},
            {"culprits", divergence.culprits},
            {"first_error",
             {{"rank", first.rank},
              {"host", first.host},
              {"time", first.time},
              {"kind", first.error_kind},
              {"message", first.error_message}}},
            {"ranks", json::array()}};
  if (divergence.kind != Kind::kNone)
    page["call"] = {{"communicator", divergence.communicator},
                    {"sequence", divergence.sequence},
                    {"text", call_text(divergence)}};
  for (int rank = 0; rank < job.world_size; ++rank) {
    json entry{{"rank", rank}};
    if (const auto report = job.ranks.find(rank); report != job.ranks.end())
      entry.update({{"host", report->second.host},
                    {"error_kind", report->second.error_kind},
                    {"error", report->second.error_message}});
    if (const auto state = divergence.states.find(rank); state != divergence.states.end())
      entry["state"] = rank_at_call_name(state->second);
    if (const auto call = divergence.calls.find(rank); call != divergence.calls.end()) {
      entry["call"] = call->second.text;
      entry["waited_s"] = call->second.met.value_or(job.ranks.at(rank).time) - call->second.begun;
    }
    page["ranks"].push_back(std::move(entry));
  }
  return page;
}

}  // namespace skein
