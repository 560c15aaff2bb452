#pragma once
// Starts other programs, or becomes one. The only place that does; new processes always come from posix_spawn, so that
// nothing is forked after MPI or CUDA have started.

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/process/deadline.h"

namespace skein {

/// A program, its arguments and surroundings.
struct SubprocessOptions {
  /// argv[0] is searched for in PATH unless it holds a slash.
  std::vector<std::string> argv;
  /// All variables of the child; by default those of this process.
  std::optional<std::map<std::string, std::string>> environment;
  std::filesystem::path working_directory;  ///< empty: this process's
  /// Files for standard input (read), output and error (created, appended to); empty: inherited. The same
  /// path for both outputs gives one stream.
  std::filesystem::path stdin_file;
  std::filesystem::path stdout_file;
  std::filesystem::path stderr_file;
  bool own_process_group = false;  ///< what the terminal sends to this process's group does not reach it
};

/// How a process ended.
struct ExitStatus {
  int code = 0;           ///< exit code; 0 when a signal ended it
  int signal_number = 0;  ///< 0 when it exited by itself
  bool success() const { return code == 0 && signal_number == 0; }
  /// As shells report it: the code, or 128 + the signal's number.
  int shell_code() const { return signal_number == 0 ? code : 128 + signal_number; }
  /// "exit code 3", "signal 9 (Killed)".
  std::string describe() const;
};

/// A child process, owned: if it still runs when this object goes, it is killed and reaped.
/// It gets no signal blocked or ignored, and no file descriptor of this process but the three standard ones.
/// Use from one thread at a time.
class Subprocess {
 public:
  /// Throws UsageError for an empty argv and ConfigError naming the program when it cannot be started.
  explicit Subprocess(const SubprocessOptions& options);
  ~Subprocess();
  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&&) = delete;

  pid_t pid() const { return pid_; }
  /// Becomes readable when the process ends: for use in poll(2). Owned by this object.
  int pidfd() const { return pidfd_; }
  /// Waits for the end; empty when the deadline passes first. May be called again.
  std::optional<ExitStatus> wait(Deadline deadline);
  /// Does nothing once the process has been waited for, so that no stranger who inherited its number is hit.
  void send_signal(int signal_number);

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<ExitStatus> status_;
};

/// Ends this program and becomes another one, with the same process number, environment and open files. Returns only by
/// throwing ConfigError when that program cannot be started.
[[noreturn]] void replace_process(const std::vector<std::string>& argv);

/// What a finished program left behind.
struct CapturedRun {
  ExitStatus status;
  std::string standard_output;
  std::string standard_error;
};

/// Runs a program to its end and keeps what it writes; `options`' files for the outputs are not used.
/// Throws TimeoutError, with the program killed, when the deadline passes first.
CapturedRun run_captured(SubprocessOptions options, Deadline deadline);

}  // namespace skein
