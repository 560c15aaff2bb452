#include "launcher/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
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
  void forward_to(Subprocess& child) const {
    signalfd_siginfo info{};
    while (read(fd_, &info, sizeof(info)) == sizeof(info)) {
      const bool from_terminal = info.ssi_code == SI_KERNEL;
      if (!from_terminal) child.send_signal(static_cast<int>(info.ssi_signo));
    }
  }

 private:
  int fd_;
};

}  // namespace

ExitStatus supervise(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment) {
  const SignalQueue signals;
  Subprocess child({.argv = argv, .environment = environment});
  for (;;) {
    std::array<pollfd, 2> events{pollfd{child.pidfd(), POLLIN, 0}, pollfd{signals.fd(), POLLIN, 0}};
    const int milliseconds = static_cast<int>(std::chrono::milliseconds(kPollInterval).count());
    poll(events.data(), events.size(), milliseconds);
    signals.forward_to(child);
    if (events[0].revents == 0) continue;
    if (const auto status = child.wait(Deadline::after(std::chrono::seconds(0)))) return *status;
  }
}

}  // namespace skein
