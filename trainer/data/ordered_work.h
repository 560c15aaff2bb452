#pragma once
// Work on numbered items by several threads, whose results are used one by one in the order of the numbers: what comes
// out does not depend on the number of threads, and few results wait in memory.

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace skein {

/// Calls produce(index, worker, result) for every index below `num_items`, each on one of `num_workers` threads, and
/// consume(index, result) in order on the calling thread. Results are reused: produce() overwrites one that was consumed.
/// At most 2 * num_workers of them exist. What produce() or consume() throws ends all and is thrown here; of several, that
/// of the lowest index. Blocks until all is done.
template <class Result>
class OrderedWork {
 public:
  using Produce = std::function<void(size_t index, size_t worker, Result& result)>;
  using Consume = std::function<void(size_t index, Result& result)>;

  static void run(size_t num_items, size_t num_workers, const Produce& produce, const Consume& consume) {
    OrderedWork work(num_items, num_workers, produce);
    work.consume_all(consume);
  }

 private:
  struct Slot {
    Result result{};
    std::exception_ptr failure;
    bool is_filled = false;
  };

  OrderedWork(size_t num_items, size_t num_workers, const Produce& produce)
      : num_items_(num_items), produce_(produce), slots_(2 * num_workers) {
    for (size_t worker = 0; worker < num_workers; ++worker) threads_.emplace_back([this, worker] { work(worker); });
  }
  ~OrderedWork() {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
    }
    freed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void work(size_t worker) {
    for (;;) {
      std::unique_lock lock(mutex_);
      freed_.wait(lock, [this] { return stops_ || next_ == num_items_ || next_ < num_consumed_ + slots_.size(); });
      if (stops_ || next_ == num_items_) return;
      const size_t index = next_++;
      lock.unlock();
      Slot& slot = slots_[index % slots_.size()];
      try {
        produce_(index, worker, slot.result);
      } catch (...) {
        slot.failure = std::current_exception();
      }
      lock.lock();
      slot.is_filled = true;
      lock.unlock();
      filled_.notify_one();
    }
  }

  void consume_all(const Consume& consume) {
    for (size_t index = 0; index < num_items_; ++index) {
      Slot& slot = slots_[index % slots_.size()];
      {
        std::unique_lock lock(mutex_);
        filled_.wait(lock, [&] { return slot.is_filled; });
      }
      if (slot.failure) std::rethrow_exception(slot.failure);
      consume(index, slot.result);
      {
        const std::lock_guard lock(mutex_);
        slot.is_filled = false;
        ++num_consumed_;
      }
      freed_.notify_all();
    }
  }

  const size_t num_items_;
  const Produce& produce_;
  std::vector<Slot> slots_;
  std::mutex mutex_;  // guards is_filled of the slots and what follows
  std::condition_variable freed_;
  std::condition_variable filled_;
  size_t next_ = 0;
  size_t num_consumed_ = 0;
  bool stops_ = false;
  std::vector<std::thread> threads_;  // last: they use the rest
};

}  // namespace skein
