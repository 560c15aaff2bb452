#include "runtime/process/termination_grace.h"

#include <cerrno>
#include <csignal>
#include <ctime>

namespace skein {
namespace {

// What the handler needs: it can be given nothing.
timer_t timer;
itimerspec delay;

/// Calls what POSIX allows in a handler. A forked child has the handler, but not the timer.
void postpone(int) {
  const int errno_before = errno;
  std::signal(SIGTERM, SIG_DFL);
  if (timer_settime(timer, 0, &delay, nullptr) != 0) raise(SIGTERM);
  errno = errno_before;
}

bool is_handled_by(void (*handler)(int)) {
  struct sigaction current {};
  return sigaction(SIGTERM, nullptr, &current) == 0 && current.sa_handler == handler;
}

}  // namespace

TerminationGrace::TerminationGrace(std::chrono::milliseconds grace) {
  if (!is_handled_by(SIG_DFL)) return;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGTERM;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return;
  delay = {};
  delay.it_value.tv_sec = grace.count() / 1000;
  delay.it_value.tv_nsec = grace.count() % 1000 * 1'000'000;
  struct sigaction action {};
  action.sa_handler = postpone;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  active_ = true;
}

TerminationGrace::~TerminationGrace() {
  if (!active_) return;
  if (is_handled_by(postpone)) std::signal(SIGTERM, SIG_DFL);
  itimerspec left{};
  timer_gettime(timer, &left);
  timer_delete(timer);
  if (left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0) raise(SIGTERM);
}

}  // namespace skein
