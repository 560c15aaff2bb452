#include "launcher/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr std::array kAskToEnd = {SIGINT, SIGTERM, SIGHUP};
constexpr int kCodeOfInterruptedMpirun = 1;
constexpr std::chrono::minutes kPollInterval{1};

bool has_terminal() {
  const int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0) close(terminal);
  return terminal >= 0;
}

/// Whether a process catches the signal or has blocked it to wait for it.
bool handles(pid_t process, int signal_number) {
  std::ifstream status(concat("/proc/", process, "/status"));
  std::uint64_t handled = 0;
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigBlk:") || line.starts_with("SigCgt:")) handled |= std::strtoull(line.c_str() + 7, nullptr, 16);
  return (handled >> (signal_number - 1) & 1) != 0;
}

/// What mpirun starts ranks of other hosts with.
bool is_launch_agent(pid_t process) {
  std::string name;
  std::getline(std::ifstream(concat("/proc/", process, "/comm")), name);
  constexpr std::array kAgents = {"ssh", "rsh", "srun", "qrsh"};
  return std::find(kAgents.begin(), kAgents.end(), name) != kAgents.end();
}

/// mpirun starts many ranks from several threads. Ranks of other hosts run the same program.
bool all_ranks_handle(pid_t mpirun, int signal_number) {
  int num_ranks = 0;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(concat("/proc/", mpirun, "/task"), gone)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) {
      if (is_launch_agent(child)) continue;
      if (!handles(child, signal_number)) return false;
      ++num_ranks;
    }
  }
  return num_ranks > 0;
}

/// The signals of this process as something to read. Blocks them, so that none is lost or ends the process.
class SignalQueue {
 public:
  /// `child_shares_group`: it gets the terminal's signals by itself.
  explicit SignalQueue(bool child_shares_group) : child_shares_group_(child_shares_group) {
    std::signal(SIGPIPE, SIG_IGN);  // Ctrl-C also ends a `| tee`, but must not end this process
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
      if (from_terminal && signal_number == SIGINT && asks_to_save(child)) continue;
      if (!from_terminal || !child_shares_group_) child.send_signal(signal_number);
      if (std::find(kAskToEnd.begin(), kAskToEnd.end(), signal_number) != kAskToEnd.end()) end_signal_ = signal_number;
    }
  }
  /// The last signal that asked the job to end; 0 when there was none.
  int end_signal() const { return end_signal_; }

 private:
  bool asks_to_save(Subprocess& child) {
    if (child_shares_group_ || has_asked_to_save_ || !all_ranks_handle(child.pid(), SIGUSR2)) return false;
    has_asked_to_save_ = true;
    child.send_signal(SIGUSR2);
    std::cerr << "\nskein: asks the ranks to save and stop; Ctrl-C again ends them at once" << std::endl;
    return true;
  }

  bool child_shares_group_;
  int fd_;
  int end_signal_ = 0;
  bool has_asked_to_save_ = false;
};

}  // namespace

ExitStatus supervise(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment) {
  const bool own_group = has_terminal();
  SignalQueue signals(!own_group);
  SubprocessOptions options{.argv = argv, .environment = environment};
  options.own_process_group = own_group;
  if (own_group && isatty(STDIN_FILENO) != 0) options.stdin_file = "/dev/null";  // from the background it could not be read
  Subprocess child(options);
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
