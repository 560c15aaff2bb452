#pragma once
// The last calls of a communicator, always on; goes into the post-mortem.

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "collectives/call.h"
#include "runtime/process/deadline.h"

namespace skein {

/// A ring of the last kNumEntries calls. One thread records at a time; to_json() may be called from any thread.
class FlightRecorder {
 public:
  static constexpr std::size_t kNumEntries = 1000;

  FlightRecorder() : entries_(kNumEntries) {}
  /// Returns the number to give to finished().
  std::uint64_t started(const Call& call);
  void finished(std::uint64_t number);

  /// Oldest first: sequence, operation, dtype, count, reduce_op, root, name (first 47 bytes), age and duration in
  /// microseconds; a call without a duration has not finished.
  nlohmann::json to_json() const;

 private:
  struct Entry {
    Call call;  // its name is empty; the copy below stands for it
    std::array<char, 48> name{};
    Clock::time_point start;
    Clock::time_point end;
    bool finished = false;
  };
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Entry> entries_;
  std::uint64_t num_started_ = 0;
};

}  // namespace skein
