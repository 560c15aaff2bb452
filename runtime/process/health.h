#pragma once
// The first failure of this process's world: sticky, seen by every communicator, reported from any thread.

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace skein {

class Health {
 public:
  using Listener = std::function<void(const std::exception&)>;

  /// Keeps the first failure and runs the listeners in the calling thread; only then do others see it, so that whoever
  /// ends the process because of it cuts no listener short. A later failure is ignored, returns false, and not before
  /// the listeners of the first are done.
  bool report(std::exception_ptr failure);
  bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  /// Throws the first failure, if there is one.
  void check() const {
    if (failed()) rethrow();
  }
  /// Called at the first failure, from the thread that reports it; must not report another. Add listeners before
  /// anything can fail.
  void on_failure(Listener listener);

 private:
  [[noreturn]] void rethrow() const;

  std::atomic<bool> failed_{false};
  std::mutex reporting_;      // held while listeners run
  mutable std::mutex mutex_;  // guards what follows
  std::exception_ptr first_;
  std::vector<Listener> listeners_;
};

}  // namespace skein
