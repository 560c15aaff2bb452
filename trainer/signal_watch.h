#pragma once
// SIGTERM, SIGINT and SIGUSR2 as calls of a function in an ordinary thread, where files may be written.

#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "runtime/process/error.h"

namespace skein {

/// Somebody wanted the program to stop. The exit code is the shells': 128 + the signal's number.
class Canceled : public Error {
 public:
  /// `cause`: why somebody wanted that, where it is known.
  explicit Canceled(int signal_number, const std::string& cause = "");
  int exit_code() const override { return 128 + signal_number_; }
  const char* kind() const override { return "Canceled"; }

 private:
  int signal_number_;
};

/// "SIGTERM"
std::string signal_name(int signal_number);

/// Make it at the start of main(), before other threads start: they inherit that the signals are blocked. A
/// signal that was ignored at the start stays ignored (nohup). One object a process.
class SignalWatch {
 public:
  SignalWatch();
  /// Signals stay blocked: a program that has said how it ended ends that way, also when one comes while it leaves.
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// From here on `on_signal` is called at each signal, in a thread of this object; also for those that came before.
  void start(std::function<void(int signal_number)> on_signal);
  /// No call begins after this returns; one under way is waited for. Signals stay blocked.
  void stop();

 private:
  sigset_t signals_;
  std::jthread thread_;
};

}  // namespace skein
