#pragma once
// SIGTERM that takes effect a moment later.

#include <chrono>

namespace skein {

/// While it lives, the first SIGTERM ends the process only after `grace`, and a second one at once. mpirun sends one to
/// the survivors when a rank has died, within milliseconds where another rank was stopped: they need time to notice the
/// death and to leave a post-mortem. Where the program handles or ignores SIGTERM itself, nothing changes, nor does it
/// for programs that this one starts. At most one lives in a process at a time.
class TerminationGrace {
 public:
  explicit TerminationGrace(std::chrono::milliseconds grace);
  /// Ends the process now if a SIGTERM has come.
  ~TerminationGrace();
  TerminationGrace(const TerminationGrace&) = delete;
  TerminationGrace& operator=(const TerminationGrace&) = delete;

 private:
  bool active_ = false;
};

}  // namespace skein
