#pragma once
// Whether another process of this host runs.

#include <sys/types.h>

namespace skein {

/// True while it is stopped by SIGSTOP or a debugger. False for one that does not exist or may not be looked at.
bool is_stopped(pid_t pid);

}  // namespace skein
