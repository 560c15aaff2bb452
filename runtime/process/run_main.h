#pragma once
// The outermost try of a program: what escapes from it becomes a message and a documented exit code
// (docs/exit_codes.md).

#include <functional>
#include <string>

namespace skein {

/// Runs `body` and returns its exit code. An exception becomes "PROGRAM: MESSAGE" on standard error and its kind's
/// code, 1 where it is none of Skein's. Programs of ranks use the run_main of runtime/process/world.h.
int run_main(const std::string& program, const std::function<int()>& body);

}  // namespace skein
