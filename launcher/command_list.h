#pragma once
// The commands of `skein`: which there are, and which one a command line means.

#include <filesystem>
#include <string>
#include <vector>

namespace skein {

/// What every command knows about the program it is part of.
struct CommandContext {
  std::string version;
  std::filesystem::path directory;  ///< where skein and its sibling programs lie
};

/// One command. `run` gets the words after its name, writes to standard output and returns the exit code;
/// throws Error.
struct Command {
  std::string name;  ///< "runs ls"
  std::string summary;
  int (*run)(const CommandContext& context, const std::vector<std::string>& words);
};

/// All of launcher/commands/.
const std::vector<Command>& all_commands();

/// A command line, understood.
struct Invocation {
  enum class Kind {
    kHelp,  ///< print the list of commands, or of those that begin with `name`
    kVersion,
    kCommand,  ///< run `command` with `words`
    kSibling,  ///< become the program skein-`name` with `words`
  };
  Kind kind = Kind::kHelp;
  const Command* command = nullptr;
  std::string name;
  std::vector<std::string> words;
};

/// `words`: argv without the program's name. Throws UsageError, with the closest name, for a command that
/// does not exist.
Invocation understand(const std::vector<std::string>& words, const std::vector<std::string>& siblings);

/// The page for `skein --help` (`prefix` empty) or `skein runs --help`.
std::string command_help(const std::string& prefix, const std::vector<std::string>& siblings);

}  // namespace skein
