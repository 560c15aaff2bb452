#pragma once
// The flight recorders of all communicators of a rank, and what each communicator is called.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "collectives/flight_recorder.h"
#include "collectives/roll_call.h"

namespace skein {

class CallHistory;

/// One communicator's place in its rank's history; says at its end that the communicator has ended.
class Recording {
 public:
  /// Of a communicator of `world_size` ranks that belongs to no World, as tests make them.
  explicit Recording(int world_size);
  ~Recording();
  Recording(Recording&&) = default;
  Recording& operator=(Recording&&) = delete;

  /// Of a communicator of `ranks` of this one. All these ranks call it equally often, so that they give it one name.
  Recording of_split(const std::vector<int>& ranks) const;
  FlightRecorder& recorder() const;
  /// The communicator's, the same on all its ranks.
  const std::string& name() const;
  std::shared_ptr<const FlightRecorder> shared_recorder() const;

 private:
  friend CallHistory;
  struct Communicator;
  Recording(std::shared_ptr<CallHistory> history, std::shared_ptr<Communicator> communicator);

  std::shared_ptr<CallHistory> history_;
  std::shared_ptr<Communicator> communicator_;  // null in what has been moved from
};

/// Keeps the recorders of the communicators that there are and of the last kNumEnded that have ended. All functions may
/// be called from any thread.
class CallHistory : public std::enable_shared_from_this<CallHistory> {
 public:
  static constexpr std::size_t kNumEnded = 16;

  /// Of a new communicator of all `world_size` ranks: "world", the second one "world#2".
  Recording of_world(int world_size);

  /// Calls of communicators made from now on go into `timeline` too.
  void record_in(std::shared_ptr<TimelinePart> timeline);

  /// The last call of each communicator that has made one.
  std::vector<LastCall> last_calls() const;
  /// All calls kept, of one communicator after the other, with `communicator`, its name.
  nlohmann::json calls() const;
  /// Of each communicator `name`, `ranks` (of the world), `num_calls`, and `ended`: whether it has.
  nlohmann::json communicators() const;

 private:
  friend Recording;
  std::shared_ptr<Recording::Communicator> add(const std::string& parent, const std::string& own,
                                               std::vector<int> ranks);
  void forget_long_ended();

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::shared_ptr<Recording::Communicator>> communicators_;
  std::map<std::string, int> num_of_name_;
  std::shared_ptr<TimelinePart> timeline_;  // may be null
};

}  // namespace skein
