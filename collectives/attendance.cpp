#include "collectives/attendance.h"

#include <algorithm>

#include "runtime/process/log.h"

namespace skein {

using namespace std::chrono_literals;

namespace {

using Json = nlohmann::json;

constexpr const char* kQuestion = "who has come";
constexpr const char* kAnswer = "where I am";
/// Between asking and telling: what others have asked at the same moment must have arrived.
constexpr auto kTimeToTell = 50ms;
constexpr auto kTimeToAnswer = 2s;
constexpr auto kTimeToExplain = 500ms;
/// Whoever has left the asking to another rank takes over when that one is so late.
constexpr auto kGrace = 3s;
/// An answer serves all who ask soon after; it must stay valid for longer than it is not repeated.
constexpr auto kNotRepeatedFor = 1s;
constexpr auto kValidFor = 3s;

std::int64_t milliseconds(Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

Json to_json(const std::string& communicator, std::uint64_t sequence) {
  return {{"communicator", communicator}, {"sequence", sequence}};
}

}  // namespace

Attendance::Attendance(Lifeline& lifeline, Calls calls, Clock::duration warn_after)
    : lifeline_(lifeline), calls_(std::move(calls)), warn_after_(warn_after) {
  listening_.push_back(lifeline.listen(
      kQuestion, [this](int rank, const Json& question) { hear_question(rank, question); }, [this] { tick(); }));
  listening_.push_back(lifeline.listen(
      kAnswer, [this](int rank, const Json& answer) { hear_answer(rank, answer); }, [] {}));
}

Attendance::~Attendance() = default;

std::string Attendance::explain_timeout(const std::string& communicator) {
  const auto call = unfinished_call_of(communicator);
  if (!call) return "";
  ask(*call, 0s);
  const Deadline deadline = Deadline::after(kTimeToExplain);
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline.time(), [&] { return all_have_answered(heard_about(*call, Clock::now())); });
  const auto now = Clock::now();
  return timeout_of(heard_about(*call, now), lifeline_.topology(), known_states(*call), now - call->begun);
}

std::optional<LastCall> Attendance::unfinished_call_of(const std::string& communicator) const {
  for (const LastCall& call : calls_())
    if (call.communicator == communicator && !call.finished) return call;
  return std::nullopt;
}

/// All ranks hear the question and the answers, this one's own among them.
void Attendance::ask(const LastCall& call, Clock::duration until_next) {
  Json question = to_json(call.communicator, call.sequence);
  question["next_ms"] = milliseconds(until_next);
  lifeline_.flood(kQuestion, question);
  answer({call.communicator, call.sequence});
}

void Attendance::answer(const Key& key) {
  const auto& [communicator, sequence] = key;
  {
    std::lock_guard lock(mutex_);
    Heard& heard = heard_[key];
    const auto now = Clock::now();
    if (now - heard.answered < kNotRepeatedFor) return;
    heard.answered = now;
  }
  Json mine = to_json(communicator, sequence);
  mine["presence"] = presence_in(calls_(), communicator, sequence).to_json();
  lifeline_.flood(kAnswer, mine);
  hear_answer(lifeline_.rank(), mine);
}

/// Another rank asks: it shall tell, unless this one asks at the same moment and is the lower.
void Attendance::hear_question(int asker, const Json& question) {
  const Key key{question.at("communicator"), question.at("sequence")};
  const auto found = watched_.find(key.first);
  const bool waits_too = found != watched_.end() && found->second.call.sequence == key.second;
  if (waits_too && !(found->second.asked && lifeline_.rank() < asker)) {
    Watched& watched = found->second;
    const Clock::duration until_next = std::chrono::milliseconds(question.at("next_ms"));
    watched.asked.reset();
    watched.next = std::max(watched.next, Clock::now() - watched.call.begun + until_next + kGrace);
  }
  answer(key);
}

void Attendance::hear_answer(int rank, const Json& answer) {
  const Key key{answer.at("communicator"), answer.at("sequence")};
  const Presence presence = Presence::from_json(answer.at("presence"));
  std::lock_guard lock(mutex_);
  heard_[key].answers[rank] = {presence, Clock::now()};
  changed_.notify_all();
}

/// Asks for what it has waited long for, tells what it has asked for, and forgets what is old.
void Attendance::tick() {
  const auto now = Clock::now();
  if (warn_after_ > Clock::duration::zero()) {
    const std::vector<LastCall> calls = calls_();
    for (const LastCall& call : calls)
      if (watch(call, now)) ask(call, watched_[call.communicator].next - (now - call.begun));
    std::erase_if(watched_, [&](const auto& watched) {
      return std::none_of(calls.begin(), calls.end(),
                          [&](const LastCall& call) { return call.communicator == watched.first; });
    });
  }
  std::lock_guard lock(mutex_);
  std::erase_if(heard_, [&](const auto& heard) {
    return now - heard.second.answered > kValidFor &&
           std::all_of(heard.second.answers.begin(), heard.second.answers.end(),
                       [&](const auto& answer) { return now - answer.second.came > kValidFor; });
  });
}

/// Whether this rank shall ask about the call now.
bool Attendance::watch(const LastCall& call, Clock::time_point now) {
  Watched& watched = watched_[call.communicator];
  const bool goes_on = call.finished || watched.call.sequence != call.sequence;
  if (goes_on && watched.told) log_info(watched.call.text + " goes on");
  if (goes_on || watched.next == Clock::duration::zero()) watched = {call, warn_after_, std::nullopt, false};
  if (call.finished) return false;
  const Clock::duration waited = now - call.begun;
  if (watched.asked) {
    const RollCall roll = roll_of(call, now);
    if (now - *watched.asked < (all_have_answered(roll) ? Clock::duration(kTimeToTell) : kTimeToAnswer)) return false;
    log_warning(warning_of(roll, lifeline_.topology(), known_states(call), waited));
    watched.asked.reset();
    watched.told = true;
    return false;
  }
  if (waited < watched.next) return false;
  watched.asked = now;
  while (watched.next <= waited) watched.next *= 2;
  return true;
}

RollCall Attendance::roll_of(const LastCall& call, Clock::time_point now) const {
  std::lock_guard lock(mutex_);
  return heard_about(call, now);
}

/// Under the lock.
RollCall Attendance::heard_about(const LastCall& call, Clock::time_point now) const {
  RollCall roll{call, {}};
  const auto heard = heard_.find({call.communicator, call.sequence});
  if (heard == heard_.end()) return roll;
  for (const auto& [rank, answer] : heard->second.answers)
    if (now - answer.came <= kValidFor) roll.presence[rank] = answer.presence;
  return roll;
}

KnownState Attendance::known_states(const LastCall& call) const {
  KnownState known;
  for (const int rank : call.ranks)
    if (lifeline_.is_silent(rank)) known[rank] = "is stopped or hangs";
  return known;
}

bool Attendance::all_have_answered(const RollCall& roll) const {
  return std::all_of(roll.call.ranks.begin(), roll.call.ranks.end(),
                     [&](int rank) { return roll.presence.contains(rank) || lifeline_.is_silent(rank); });
}

}  // namespace skein
