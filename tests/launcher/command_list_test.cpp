#include "launcher/command_list.h"

#include <gtest/gtest.h>

#include "runtime/process/error.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

using Kind = Invocation::Kind;

TEST(CommandList, FindsCommandsOfOneAndTwoWords) {
  const Invocation run = understand({"run", "-np", "2"}, {});
  ASSERT_EQ(run.kind, Kind::kCommand);
  EXPECT_EQ(run.command->name, "run");
  EXPECT_EQ(run.words, (std::vector<std::string>{"-np", "2"}));
  const Invocation show = understand({"runs", "show", "id", "--json"}, {});
  ASSERT_EQ(show.kind, Kind::kCommand);
  EXPECT_EQ(show.command->name, "runs show");
  EXPECT_EQ(show.words, (std::vector<std::string>{"id", "--json"}));
}

TEST(CommandList, HelpAndVersion) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"--help"}, {"-h"}, {"help"}})
    EXPECT_EQ(understand(words, {}).kind, Kind::kHelp);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"runs"}, {"runs", "--help"}}) {
    const Invocation group = understand(words, {});
    EXPECT_EQ(group.kind, Kind::kHelp);
    EXPECT_EQ(group.name, "runs");
  }
  EXPECT_EQ(understand({"--version"}, {}).kind, Kind::kVersion);
  EXPECT_EQ(understand({"run", "--help"}, {}).kind, Kind::kCommand) << "its own help";
}

TEST(CommandList, Siblings) {
  const Invocation data = understand({"data", "import-idx", "--help"}, {"check", "data"});
  ASSERT_EQ(data.kind, Kind::kSibling);
  EXPECT_EQ(data.name, "data");
  EXPECT_EQ(data.words, (std::vector<std::string>{"import-idx", "--help"}));
}

TEST(CommandList, WhatDoesNotExist) {
  EXPECT_ERROR(UsageError, "skein has no command 'rnu'; did you mean 'run'?", understand({"rnu"}, {}));
  EXPECT_ERROR(UsageError, "no command 'dta'; did you mean 'data'?", understand({"dta"}, {"data"}));
  EXPECT_ERROR(UsageError, "no command 'runs shwo'; did you mean 'show'?", understand({"runs", "shwo"}, {}));
  EXPECT_ERROR(UsageError, "no command 'data'", understand({"data"}, {}));
  EXPECT_ERROR(UsageError, "no command '--lr'", understand({"--lr"}, {}));
}

TEST(CommandList, HelpListsEverything) {
  const std::string help = command_help("", {"data"});
  for (const Command& command : all_commands()) EXPECT_NE(help.find("  " + command.name), std::string::npos);
  EXPECT_NE(help.find("  data\n"), std::string::npos);
  const std::string runs = command_help("runs", {"data"});
  EXPECT_NE(runs.find("runs ls"), std::string::npos);
  EXPECT_EQ(runs.find("data"), std::string::npos);
}

}  // namespace
}  // namespace skein
