#pragma once
// Says which ranks a call waits for: warns of it while it waits, and completes the error when it gives up.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collectives/roll_call.h"
#include "runtime/process/deadline.h"
#include "runtime/process/lifeline.h"

namespace skein {

/// Looks once a heartbeat, in the lifeline's thread, whether a call of this rank takes long; calls themselves cost nothing.
/// The first rank that has waited for `warn_after` asks all ranks where they are, and logs one line for the whole job; the
/// others then leave it to that rank. It asks again after twice as long, four times, and so on. Any thread may call any
/// function.
class Attendance {
 public:
  /// Gives the last call of each communicator of this rank; is called from the lifeline's thread too.
  using Calls = std::function<std::vector<LastCall>()>;

  /// `lifeline` must outlive it. `warn_after` zero: never.
  Attendance(Lifeline& lifeline, Calls calls, Clock::duration warn_after);
  ~Attendance();
  Attendance(const Attendance&) = delete;
  Attendance& operator=(const Attendance&) = delete;

  /// What a TimeoutError of this rank's unfinished call of `communicator` says. Blocks up to half a second, until all
  /// ranks have answered. Empty when there is no such call.
  std::string explain_timeout(const std::string& communicator);

 private:
  using Key = std::pair<std::string, std::uint64_t>;  // communicator and sequence: a call
  /// The last call of a communicator that this rank was seen in, and what has been done about it.
  struct Watched {
    LastCall call;
    Clock::duration next{};                  // this rank asks when it has waited for so long
    std::optional<Clock::time_point> asked;  // this rank has, and shall tell what it hears
    bool told = false;
  };
  struct Answer {
    Presence presence;
    Clock::time_point came;
  };
  struct Heard {
    std::map<int, Answer> answers;  // by rank
    Clock::time_point answered;     // when this rank last did
  };

  std::optional<LastCall> unfinished_call_of(const std::string& communicator) const;
  void ask(const LastCall& call, Clock::duration until_next);
  void answer(const Key& key);
  void hear_question(int asker, const nlohmann::json& question);
  void hear_answer(int rank, const nlohmann::json& answer);
  void tick();
  bool watch(const LastCall& call, Clock::time_point now);
  RollCall roll_of(const LastCall& call, Clock::time_point now) const;
  RollCall heard_about(const LastCall& call, Clock::time_point now) const;
  KnownState known_states(const LastCall& call) const;
  bool all_have_answered(const RollCall& roll) const;

  Lifeline& lifeline_;
  Calls calls_;
  const Clock::duration warn_after_;
  std::map<std::string, Watched> watched_;  // by communicator; the lifeline's thread's own
  mutable std::mutex mutex_;                // guards what follows
  std::condition_variable changed_;
  std::map<Key, Heard> heard_;
  std::vector<std::shared_ptr<void>> listening_;  // last: ends first
};

}  // namespace skein
