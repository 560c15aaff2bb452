#include "collectives/progress_thread.h"

#include <pthread.h>

#include <exception>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

struct ProgressThread::Task final : Work::State {
  Task(std::string name, std::function<void()> work, Clock::duration its_patience)
      : what(std::move(name)), run(std::move(work)), time_to_wait(its_patience) {}

  void complete(std::exception_ptr thrown, Clock::duration time) {
    std::lock_guard lock(mutex);
    elapsed = time;
    failure = std::move(thrown);
    completed = true;
    changed.notify_all();
  }
  void wait(Deadline deadline) override {
    std::unique_lock lock(mutex);
    if (!changed.wait_until(lock, deadline.time(), [&] { return completed; }))
      throw TimeoutError(concat("timed out while waiting for the asynchronous ", what),
                         "look at what the other ranks are doing; raise the deadline if they are only slow");
    if (failure) std::rethrow_exception(failure);
  }
  void order(void*) override { wait(Deadline::after(time_to_wait)); }
  Clock::duration patience() const override { return time_to_wait; }
  bool done() const override {
    std::lock_guard lock(mutex);
    return completed;
  }

  Clock::duration run_time() const override {
    std::lock_guard lock(mutex);
    return elapsed;
  }

  const std::string what;
  std::function<void()> run;
  const Clock::duration time_to_wait;
  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  bool completed = false;
  Clock::duration elapsed{};
  std::exception_ptr failure;
};

ProgressThread::~ProgressThread() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Work ProgressThread::submit(std::string what, std::function<void()> task) {
  auto state = std::make_shared<Task>(std::move(what), std::move(task), patience_);
  std::lock_guard lock(mutex_);
  queue_.push_back(state);
  if (!thread_.joinable()) {
    thread_ = std::thread([this] { loop(); });
    pthread_setname_np(thread_.native_handle(), "skein-progress");
  }
  changed_.notify_all();
  return Work(state);
}

bool ProgressThread::busy() const {
  std::lock_guard lock(mutex_);
  return running_ || !queue_.empty();
}

bool ProgressThread::finish(Deadline deadline) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, deadline.time(), [&] { return !running_ && queue_.empty(); });
}

void ProgressThread::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });  // idle, not waiting for anybody
    if (queue_.empty()) return;
    std::shared_ptr<Task> task = std::move(queue_.front());
    queue_.pop_front();
    running_ = true;
    lock.unlock();
    std::exception_ptr failure;
    const auto start = Clock::now();
    try {
      task->run();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    running_ = false;
    if (queue_.empty()) idle_.notify_all();
    lock.unlock();
    task->complete(failure, Clock::now() - start);
    task.reset();
    lock.lock();
  }
}

}  // namespace skein
