#include "collectives/flight_recorder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace skein {
namespace {

std::int64_t microseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

std::uint64_t FlightRecorder::started(const Call& call) {
  const auto now = Clock::now();
  std::lock_guard lock(mutex_);
  Entry& entry = entries_[num_started_ % kNumEntries];
  entry.call = call;
  entry.call.name = {};
  const std::size_t length = call.name.copy(entry.name.data(), entry.name.size() - 1);
  entry.name[length] = '\0';
  entry.start = now;
  entry.finished = false;
  return num_started_++;
}

void FlightRecorder::finished(std::uint64_t number) {
  const auto now = Clock::now();
  std::lock_guard lock(mutex_);
  if (number + kNumEntries < num_started_) return;  // its entry is another call's by now
  Entry& entry = entries_[number % kNumEntries];
  entry.end = now;
  entry.finished = true;
}

nlohmann::json FlightRecorder::to_json() const {
  const auto now = Clock::now();
  std::lock_guard lock(mutex_);
  nlohmann::json calls = nlohmann::json::array();
  const std::uint64_t num_kept = std::min<std::uint64_t>(num_started_, kNumEntries);
  for (std::uint64_t i = num_started_ - num_kept; i < num_started_; ++i) {
    const Entry& entry = entries_[i % kNumEntries];
    nlohmann::json call{{"sequence", entry.call.sequence},
                        {"operation", operation_name(entry.call.operation)},
                        {"dtype", dtype_name(entry.call.dtype)},
                        {"count", entry.call.count},
                        {"reduce_op", reduce_op_name(entry.call.reduce_op)},
                        {"root", entry.call.root},
                        {"name", entry.name.data()},
                        {"started_us_ago", microseconds(now - entry.start)}};
    if (entry.finished) call["duration_us"] = microseconds(entry.end - entry.start);
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace skein
