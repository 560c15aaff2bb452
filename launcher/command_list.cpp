#include "launcher/command_list.h"

#include <algorithm>

#include "launcher/commands/commands.h"
#include "launcher/text_table.h"
#include "runtime/options/spelling.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr const char* kRemedy = "see skein --help for all commands";

bool begins_with_word(const std::string& name, const std::string& word) {
  return name.starts_with(word + " ");
}

bool is_help(const std::string& word) {
  return word == "--help" || word == "-h" || word == "help";
}

/// The command that the first one or two words name.
const Command* find_command(const std::vector<std::string>& words) {
  for (const Command& command : all_commands()) {
    if (command.name == words[0]) return &command;
    if (words.size() > 1 && command.name == words[0] + " " + words[1]) return &command;
  }
  return nullptr;
}

[[noreturn]] void refuse_word(const std::string& prefix, const std::string& word, std::vector<std::string> known) {
  const std::string full = prefix.empty() ? word : prefix + " " + word;
  throw UsageError(concat("skein has no command '", full, "'", did_you_mean(word, known)), kRemedy);
}

Invocation understand_group(const std::vector<std::string>& words) {
  if (words.size() == 1 || is_help(words[1])) return {Invocation::Kind::kHelp, nullptr, words[0], {}};
  std::vector<std::string> known;
  for (const Command& command : all_commands())
    if (begins_with_word(command.name, words[0])) known.push_back(command.name.substr(words[0].size() + 1));
  refuse_word(words[0], words[1], known);
}

}  // namespace

const std::vector<Command>& all_commands() {
  static const std::vector<Command> kCommands = {
      {"run", "start a program on N ranks, here or on several hosts", run_command},
      {"postmortem", "say which rank and call of a failed job diverged first", postmortem_command},
      {"report", "write one HTML page about one run or several", report_command},
      {"runs ls", "list the runs of a runs directory", runs_ls_command},
      {"runs show", "print what is known about one run", runs_show_command},
      {"timeline", "put together the timeline of a job that failed", timeline_command},
      {"tune", "measure the links between hosts and write a profile of them", tune_command},
  };
  return kCommands;
}

Invocation understand(const std::vector<std::string>& words, const std::vector<std::string>& siblings) {
  if (words.empty() || is_help(words[0])) return {};
  if (words[0] == "--version") return {.kind = Invocation::Kind::kVersion, .name = "", .words = {}};
  if (const Command* command = find_command(words)) {
    const auto num_words = 1 + std::count(command->name.begin(), command->name.end(), ' ');
    return {Invocation::Kind::kCommand, command, command->name, {words.begin() + num_words, words.end()}};
  }
  const auto& all = all_commands();
  if (std::any_of(all.begin(), all.end(),
                  [&](const Command& command) { return begins_with_word(command.name, words[0]); }))
    return understand_group(words);
  if (std::find(siblings.begin(), siblings.end(), words[0]) != siblings.end())
    return {Invocation::Kind::kSibling, nullptr, words[0], {words.begin() + 1, words.end()}};
  std::vector<std::string> known = siblings;
  for (const Command& command : all) known.push_back(command.name.substr(0, command.name.find(' ')));
  refuse_word("", words[0], known);
}

std::string command_help(const std::string& prefix, const std::vector<std::string>& siblings) {
  const std::string start = prefix.empty() ? "skein" : "skein " + prefix;
  std::vector<std::vector<std::string>> rows;
  for (const Command& command : all_commands())
    if (prefix.empty() || begins_with_word(command.name, prefix))
      rows.push_back({"  " + command.name, command.summary});
  std::string text = concat("Usage: ", start, " COMMAND [options]\n\nCommands\n", text_table(rows));
  if (!prefix.empty()) return text + "\n`skein COMMAND --help` explains one of them.\n";
  if (!siblings.empty()) text += "\nPrograms beside this one\n";
  for (const std::string& name : siblings) text += "  " + name + "\n";
  return text + "\n`skein COMMAND --help` explains one of them; `skein --version` prints the version.\n";
}

}  // namespace skein
