#include "collectives/call_history.h"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <numeric>

#include "runtime/process/text.h"
#include "runtime/trace/rank_ranges.h"

namespace skein {

struct Recording::Communicator {
  Communicator(std::string its_name, std::vector<int> its_ranks) : name(std::move(its_name)), ranks(std::move(its_ranks)) {}

  const std::string name;
  const std::vector<int> ranks;  // of the world
  std::atomic<bool> ended{false};
  FlightRecorder recorder;
};

Recording::Recording(int world_size) : Recording(std::make_shared<CallHistory>()->of_world(world_size)) {}
Recording::Recording(std::shared_ptr<CallHistory> history, std::shared_ptr<Communicator> communicator)
    : history_(std::move(history)), communicator_(std::move(communicator)) {}
Recording::~Recording() {
  if (communicator_) communicator_->ended = true;
}

Recording Recording::of_split(const std::vector<int>& ranks) const {
  std::vector<int> of_world;
  for (const int rank : ranks) of_world.push_back(communicator_->ranks.at(rank));
  return {history_, history_->add(communicator_->name + "/", rank_ranges(ranks), std::move(of_world))};
}

FlightRecorder& Recording::recorder() const {
  return communicator_->recorder;
}

const std::string& Recording::name() const {
  return communicator_->name;
}

std::shared_ptr<const FlightRecorder> Recording::shared_recorder() const {
  return {communicator_, &communicator_->recorder};
}

Recording CallHistory::of_world(int world_size) {
  std::vector<int> ranks(world_size);
  std::iota(ranks.begin(), ranks.end(), 0);
  return {shared_from_this(), add("", "world", std::move(ranks))};
}

std::shared_ptr<Recording::Communicator> CallHistory::add(const std::string& parent, const std::string& own,
                                                          std::vector<int> ranks) {
  std::lock_guard lock(mutex_);
  std::string name = parent + own;
  if (const int number = ++num_of_name_[name]; number > 1) name += concat("#", number);
  forget_long_ended();
  const auto& communicator = communicators_.emplace_back(std::make_shared<Recording::Communicator>(name, std::move(ranks)));
  if (timeline_) communicator->recorder.record_in(timeline_, name);
  return communicator;
}

void CallHistory::record_in(std::shared_ptr<TimelinePart> timeline) {
  std::lock_guard lock(mutex_);
  timeline_ = std::move(timeline);
}

void CallHistory::forget_long_ended() {
  auto num_ended = static_cast<std::size_t>(std::count_if(communicators_.begin(), communicators_.end(),
                                                          [](const auto& communicator) { return communicator->ended.load(); }));
  std::erase_if(communicators_, [&](const auto& communicator) {
    return num_ended > kNumEnded && communicator->ended && num_ended-- > 0;
  });
}

std::vector<LastCall> CallHistory::last_calls() const {
  std::lock_guard lock(mutex_);
  std::vector<LastCall> all;
  for (const auto& communicator : communicators_) {
    const auto call = communicator->recorder.last();
    if (!call) continue;
    all.push_back({.communicator = communicator->name,
                   .ranks = communicator->ranks,
                   .sequence = call->facts.sequence,
                   .text = call->describe(),
                   .finished = call->finished_ns != 0,
                   .ended = communicator->ended,
                   .begun = Clock::time_point(std::chrono::nanoseconds(call->facts.begun_ns))});
  }
  return all;
}

nlohmann::json CallHistory::calls() const {
  std::lock_guard lock(mutex_);
  nlohmann::json all = nlohmann::json::array();
  for (const auto& communicator : communicators_)
    for (nlohmann::json& call : communicator->recorder.to_json()) {
      call["communicator"] = communicator->name;
      all.push_back(std::move(call));
    }
  return all;
}

nlohmann::json CallHistory::communicators() const {
  std::lock_guard lock(mutex_);
  nlohmann::json all = nlohmann::json::array();
  for (const auto& communicator : communicators_)
    all.push_back({{"name", communicator->name},
                   {"ranks", communicator->ranks},
                   {"num_calls", communicator->recorder.num_started()},
                   {"ended", communicator->ended.load()}});
  return all;
}

}  // namespace skein
