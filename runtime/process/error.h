#pragma once
// The errors of Skein. Each says what happened and what to do about it; main() maps them to exit codes.

#include <stdexcept>
#include <string>

namespace skein {

/// Base of every error thrown by Skein. `what()` is the message followed by the remedy.
/// Thrown as one of the derived types where the cause is known, as Error itself for the unexpected.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, const std::string& remedy = "");

  /// Documented process exit code of this kind of error (docs/exit_codes.md).
  virtual int exit_code() const { return 1; }
  /// Name of the kind, as it appears in logs and post-mortems.
  virtual const char* kind() const { return "Error"; }
};

#define SKEIN_ERROR_KIND(Name, code)                    \
  class Name : public Error {                           \
   public:                                              \
    using Error::Error;                                 \
    int exit_code() const override { return code; }     \
    const char* kind() const override { return #Name; } \
  }

/// The caller asked for something that makes no sense: a flag, an argument, a call out of order.
SKEIN_ERROR_KIND(UsageError, 2);
/// A file or the environment that describes the job is wrong; the message gives file:line or the variable.
SKEIN_ERROR_KIND(ConfigError, 3);
/// Input data is missing, truncated or inconsistent; the message names the file.
SKEIN_ERROR_KIND(DataError, 4);
/// Ranks asked for different things; the message names each rank and what it asked for.
SKEIN_ERROR_KIND(MismatchError, 5);
/// Another rank, host or link is gone; the message names it.
SKEIN_ERROR_KIND(PeerLost, 6);
/// A wait reached its deadline; the message names who and what is missing.
SKEIN_ERROR_KIND(TimeoutError, 7);
/// Outputs cannot be written: disk full, no permission, directory gone.
SKEIN_ERROR_KIND(StorageError, 8);

#undef SKEIN_ERROR_KIND

}  // namespace skein
