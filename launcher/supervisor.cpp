#include "launcher/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
constexpr std::array kAskToEnd = {SIGINT, SIGTERM, SIGHUP};
constexpr int kCodeOfInterruptedMpirun = 1;
constexpr std::chrono::minutes kPollInterval{1};

/// The signals of this process as something to read. Blocks them, so that none is lost or ends the process.
class SignalQueue {
 public:
  SignalQueue() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal_number : kForwarded) sigaddset(&signals, signal_number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd_ < 0) throw Error(concat("signalfd: ", std::strerror(errno)));
  }
  ~SignalQueue() { close(fd_); }
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  int fd() const { return fd_; }
  void forward_to(Subprocess& child) {
    signalfd_siginfo info{};
    while (read(fd_, &info, sizeof(info)) == sizeof(info)) {
      const int signal_number = static_cast<int>(info.ssi_signo);
      const bool from_terminal = info.ssi_code == SI_KERNEL;
      if (!from_terminal) child.send_signal(signal_number);
      if (std::find(kAskToEnd.begin(), kAskToEnd.end(), signal_number) != kAskToEnd.end()) end_signal_ = signal_number;
    }
  }
  /// The last signal that asked the job to end; 0 when there was none.
  int end_signal() const { return end_signal_; }

 private:
  int fd_;
  int end_signal_ = 0;
};

}  // namespace

ExitStatus supervise(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment) {
  SignalQueue signals;
  Subprocess child({.argv = argv, .environment = environment});
  for (;;) {
    std::array<pollfd, 2> events{pollfd{child.pidfd(), POLLIN, 0}, pollfd{signals.fd(), POLLIN, 0}};
    const int milliseconds = static_cast<int>(std::chrono::milliseconds(kPollInterval).count());
    poll(events.data(), events.size(), milliseconds);
    signals.forward_to(child);
    if (events[0].revents == 0) continue;
    const auto status = child.wait(Deadline::after(std::chrono::seconds(0)));
    if (!status) continue;
    if (status->code == kCodeOfInterruptedMpirun && signals.end_signal() != 0) return {0, signals.end_signal()};
    return *status;
  }
}

}  // namespace skein
