#include "runtime/process/health.h"

namespace skein {

bool Health::report(std::exception_ptr failure) {
  std::lock_guard reporting(reporting_);
  std::vector<Listener> listeners;
  {
    std::lock_guard lock(mutex_);
    if (first_) return false;
    first_ = failure;
    listeners = listeners_;
  }
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    for (const Listener& listener : listeners) listener(error);
  } catch (...) {  // not described by an std::exception: nothing to tell the listeners
  }
  failed_.store(true, std::memory_order_release);
  return true;
}

void Health::on_failure(Listener listener) {
  std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

void Health::rethrow() const {
  std::exception_ptr first;
  {
    std::lock_guard lock(mutex_);
    first = first_;
  }
  std::rethrow_exception(first);
}

}  // namespace skein
