#pragma once
// Splits a command line into settings and plain arguments. The only file that knows CLI11.

#include <memory>
#include <string>
#include <vector>

#include "runtime/options/option.h"
#include "runtime/options/raw_setting.h"

namespace skein {

struct CommandLine {
  std::vector<RawSetting> settings;    ///< in the order of the table
  std::vector<std::string> arguments;  ///< what is no option, in order, and all that follows `--`
  bool help = false;                   ///< -h or --help
  bool version = false;                ///< --version
};

/// How to treat words that are no options.
enum class PlainArguments {
  kAnywhere,    ///< options may follow them
  kEndOptions,  ///< the first one ends the options, as for mpirun: it is a program, and the rest is its own
};

/// `words` is argv without the program's name. Throws UsageError for unknown flags (with a suggestion) and
/// missing values.
CommandLine read_command_line(const std::vector<std::unique_ptr<Option>>& options, std::vector<std::string> words,
                              PlainArguments plain);

}  // namespace skein
