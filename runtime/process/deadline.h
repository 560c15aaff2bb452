#pragma once
// Every wait in Skein takes a Deadline: a point in time, not a duration, so that nested waits share it.

#include <algorithm>
#include <chrono>

namespace skein {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Deadline {
 public:
  /// The point in time `duration` from now.
  template <class Rep, class Period>
  static Deadline after(std::chrono::duration<Rep, Period> duration) {
    return Deadline(Clock::now() + std::chrono::duration_cast<Clock::duration>(duration));
  }
  /// Time left, never negative.
  Clock::duration remaining() const { return std::max(at_ - Clock::now(), Clock::duration::zero()); }
  bool expired() const { return Clock::now() >= at_; }
  Clock::time_point time() const { return at_; }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

/// How long a rank waits for the others before it gives up, unless the user says otherwise.
inline constexpr std::chrono::minutes kDefaultTimeout{10};

}  // namespace skein
