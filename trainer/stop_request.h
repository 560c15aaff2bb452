#pragma once
// The wish of somebody outside that the training saves where it stands and ends.

#include <atomic>
#include <mutex>
#include <string>

namespace skein {

/// Exit code of a training that was asked to stop and can be resumed, as HTCondor's self-checkpointing jobs have it.
inline constexpr int kPreemptedExitCode = 85;

/// Any thread may call any function.
class StopRequest {
 public:
  /// The first reason counts.
  void ask(const std::string& reason) {
    std::lock_guard lock(mutex_);
    if (asked_) return;
    reason_ = reason;
    asked_ = true;
  }
  bool asked() const { return asked_; }
  std::string reason() const {
    std::lock_guard lock(mutex_);
    return reason_;
  }

 private:
  mutable std::mutex mutex_;
  std::string reason_;
  std::atomic<bool> asked_ = false;
};

}  // namespace skein
