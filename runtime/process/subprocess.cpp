#include "runtime/process/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// What posix_spawn does in the child before the program starts.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void redirect(const SubprocessOptions& options) {
    if (!options.stdin_file.empty()) open(STDIN_FILENO, options.stdin_file, O_RDONLY);
    if (!options.stdout_file.empty()) open(1, options.stdout_file, kAppend);
    if (options.stderr_file.empty()) return;
    if (options.stderr_file == options.stdout_file)
      posix_spawn_file_actions_adddup2(&actions_, 1, STDERR_FILENO);
    else
      open(STDERR_FILENO, options.stderr_file, kAppend);
  }
  void change_directory(const std::filesystem::path& directory) {
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
  }
  void close_the_rest() { posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
  void open(int fd, const std::filesystem::path& file, int flags) {
    posix_spawn_file_actions_addopen(&actions_, fd, file.c_str(), flags, 0666);
  }
  posix_spawn_file_actions_t actions_;
};

/// No signal blocked or ignored in the child, whatever this process does with its own.
class SpawnAttributes {
 public:
  explicit SpawnAttributes(bool own_process_group) {
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    const int signals = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(own_process_group ? signals | POSIX_SPAWN_SETPGROUP : signals));
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_of(const SubprocessOptions& options) {
  std::vector<std::string> entries;
  for (const auto& [name, value] : options.environment ? *options.environment : full_environment())
    entries.push_back(name + "=" + value);
  return entries;
}

pid_t spawn(const SubprocessOptions& options, const FileActions& actions) {
  if (options.argv.empty()) throw UsageError("no program to start");
  std::vector<std::string> arguments = options.argv, environment = environment_of(options);
  const SpawnAttributes attributes(options.own_process_group);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, options.argv[0].c_str(), actions.get(), attributes.get(),
                                 pointers(arguments).data(), pointers(environment).data());
  if (error == 0) return pid;
  throw ConfigError(concat("cannot start ", options.argv[0], ": ", std::strerror(error)),
                    "check that the program is installed and, without a slash in its name, found in PATH; and that the "
                    "working directory and redirections exist");
}

ExitStatus to_exit_status(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {.code = info.si_status};
  return {.signal_number = info.si_status};
}

int poll_timeout(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.remaining()).count();
  return static_cast<int>(std::min<std::int64_t>(left + 1, 60'000));
}

std::string read_whole(int fd) {
  std::string text;
  std::array<char, 65536> buffer;
  off_t offset = 0;
  for (ssize_t got; (got = pread(fd, buffer.data(), buffer.size(), offset)) > 0; offset += got)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  return text;
}

/// An unnamed file in memory that a child can open through /proc: no pipe to drain, no deadlock.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : fd_(memfd_create(name, MFD_CLOEXEC)) {
    if (fd_ < 0) throw Error(concat("memfd_create: ", std::strerror(errno)));
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::filesystem::path path() const { return concat("/proc/", getpid(), "/fd/", fd_); }
  std::string contents() const { return read_whole(fd_); }

 private:
  int fd_;
};

}  // namespace

std::string ExitStatus::describe() const {
  if (signal_number == 0) return concat("exit code ", code);
  return concat("signal ", signal_number, " (", strsignal(signal_number), ")");
}

Subprocess::Subprocess(const SubprocessOptions& options) {
  FileActions actions;
  actions.redirect(options);
  actions.change_directory(options.working_directory);
  actions.close_the_rest();
  pid_ = spawn(options, actions);
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ >= 0) return;
  const int error = errno;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  throw Error(concat("pidfd_open: ", std::strerror(error)), "Skein needs Linux 5.3 or later");
}

Subprocess::~Subprocess() {
  if (pid_ < 0) return;
  if (!status_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(pidfd_);
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::exchange(other.pidfd_, -1)), status_(other.status_) {}

std::optional<ExitStatus> Subprocess::wait(Deadline deadline) {
  while (!status_) {
    pollfd ended{.fd = pidfd_, .events = POLLIN, .revents = 0};
    if (poll(&ended, 1, poll_timeout(deadline)) > 0) {
      siginfo_t info{};
      if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0)
        status_ = to_exit_status(info);
      else if (errno != EINTR)
        throw Error(concat("waitid for process ", pid_, ": ", std::strerror(errno)));
    } else if (deadline.expired()) {
      break;
    }
  }
  return status_;
}

void Subprocess::send_signal(int signal_number) {
  if (!status_) kill(pid_, signal_number);
}

void replace_process(const std::vector<std::string>& argv) {
  if (argv.empty()) throw UsageError("no program to start");
  std::vector<std::string> arguments = argv;
  execvp(argv[0].c_str(), pointers(arguments).data());
  throw ConfigError(concat("cannot start ", argv[0], ": ", std::strerror(errno)));
}

CapturedRun run_captured(SubprocessOptions options, Deadline deadline) {
  const MemoryFile out("stdout"), err("stderr");
  options.stdout_file = out.path();
  options.stderr_file = err.path();
  Subprocess process(options);
  const auto status = process.wait(deadline);
  if (!status) throw TimeoutError(concat(options.argv[0], " did not end in time and was killed"));
  return {*status, out.contents(), err.contents()};
}

}  // namespace skein
