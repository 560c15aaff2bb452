#pragma once
// A collective under way.

#include <memory>

#include "runtime/process/deadline.h"

namespace skein {

/// A collective that reaches its own deadline says which ranks are missing; whoever waits for it gives it time to do
/// so.
inline constexpr std::chrono::seconds kTimeToSayWhy{5};

/// Shared handle; copies refer to the same collective. Dropping it neither waits nor cancels: the buffers must live on
/// until the collective has completed. Any thread may call it.
class Work {
 public:
  /// How a backend completes a collective.
  class State {
   public:
    virtual ~State() = default;
    virtual void wait(Deadline deadline) = 0;
    virtual void order(void* stream) = 0;
    virtual bool done() const = 0;
    virtual Clock::duration run_time() const = 0;
    /// How long whoever names no deadline waits for it from now on.
    virtual Clock::duration patience() const { return kDefaultTimeout + kTimeToSayWhy; }
  };

  Work() = default;
  explicit Work(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// False for a default-made Work, on which nothing else may be called.
  bool valid() const { return state_ != nullptr; }
  /// Blocks the calling thread until the result is in the buffer. Throws what the collective threw, or TimeoutError.
  void wait(Deadline deadline) { state_->wait(deadline); }
  /// The same, a little beyond the communicator's timeout.
  void wait() { wait(Deadline::after(state_->patience())); }
  /// Makes the device queue `stream` wait for the result without blocking the host. On the CPU there are no queues:
  /// it waits as wait() does.
  void order(void* stream) { state_->order(stream); }
  /// True once wait() would return, or throw, at once.
  bool done() const { return state_->done(); }
  /// How long the collective itself ran, waiting for other ranks included; zero until it is done.
  Clock::duration run_time() const { return state_->run_time(); }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace skein
