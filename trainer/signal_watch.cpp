#include "trainer/signal_watch.h"

#include <pthread.h>

#include "runtime/process/text.h"

namespace skein {

std::string signal_name(int signal_number) {
  if (signal_number == SIGTERM) return "SIGTERM";
  if (signal_number == SIGINT) return "SIGINT";
  if (signal_number == SIGUSR2) return "SIGUSR2";
  return concat("signal ", signal_number);
}

Canceled::Canceled(int signal_number, const std::string& cause)
    : Error(concat("canceled by ", signal_name(signal_number), cause.empty() ? "" : ", after ", cause)),
      signal_number_(signal_number) {}

SignalWatch::SignalWatch() {
  sigemptyset(&signals_);
  for (const int signal_number : {SIGTERM, SIGINT, SIGUSR2}) {
    struct sigaction current {};
    sigaction(signal_number, nullptr, &current);
    if (current.sa_handler != SIG_IGN) sigaddset(&signals_, signal_number);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void SignalWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGUSR2);  // blocked there: it only ends sigwaitinfo
  thread_.join();
}

SignalWatch::~SignalWatch() {
  stop();
}

void SignalWatch::start(std::function<void(int)> on_signal) {
  sigset_t awaited = signals_;
  sigaddset(&awaited, SIGUSR2);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &awaited, &before);  // the thread inherits this
  thread_ = std::jthread([awaited, on_signal = std::move(on_signal)](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int signal_number = sigwaitinfo(&awaited, nullptr);
      if (signal_number > 0 && !stop.stop_requested()) on_signal(signal_number);
    }
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace skein
