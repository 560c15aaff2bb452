#pragma once
// The one thread on which a communicator's asynchronous calls run, in order. Costs nothing while it has nothing to do.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "collectives/work.h"

namespace skein {

class ProgressThread {
 public:
  /// `timeout`: the communicator's; whoever waits for a Work without a deadline gives up a little later.
  explicit ProgressThread(Clock::duration timeout = kDefaultTimeout) : patience_(timeout + kTimeToSayWhy) {}
  /// Finishes what has been submitted, then ends the thread.
  ~ProgressThread();
  ProgressThread(const ProgressThread&) = delete;
  ProgressThread& operator=(const ProgressThread&) = delete;

  /// Runs `task` after everything submitted before; starts the thread at the first call. The Work throws what it
  /// throws, and names `what` when it has not completed in time.
  Work submit(std::string what, std::function<void()> task);
  /// True while something submitted has not finished.
  bool busy() const;
  /// Waits until nothing submitted is left; false at the deadline.
  bool finish(Deadline deadline);

 private:
  struct Task;
  void loop();

  const Clock::duration patience_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::deque<std::shared_ptr<Task>> queue_;
  bool running_ = false;  // a task is
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace skein
