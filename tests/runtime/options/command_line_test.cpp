#include "runtime/options/command_line.h"

#include <gtest/gtest.h>

#include "runtime/process/error.h"
#include "tests/runtime/options/sample_options.h"
#include "tests/support/expect_error.h"

namespace skein {
namespace {

TEST(CommandLine, AcceptsTheUsualSpellings) {
  Sample sample;
  sample.parse({"--lr=0.5", "-b", "8", "--epochs", "3", "--model", "resnet50", "--data-path", "/d", "--amp"});
  EXPECT_EQ(sample.options.lr, 0.5);
  EXPECT_EQ(sample.options.batch_size, 8);
  EXPECT_EQ(sample.options.epochs, 3);
  EXPECT_EQ(sample.options.model, "resnet50");
  EXPECT_EQ(sample.options.data_path, "/d");
  EXPECT_TRUE(sample.options.amp);
}

TEST(CommandLine, AttachedShortValue) {
  Sample sample;
  sample.parse({"-b8"});
  EXPECT_EQ(sample.options.batch_size, 8);
}

TEST(CommandLine, AliasesAndUnderscoresMeanTheSame) {
  for (const char* flag : {"--epochs", "--num_epochs", "--num-epochs"}) {
    Sample sample;
    sample.parse({flag, "7"});
    EXPECT_EQ(sample.options.epochs, 7) << flag;
  }
  Sample sample;
  sample.parse({"--batch_size", "5", "--print_freq=2"});
  EXPECT_EQ(sample.options.batch_size, 5);
  EXPECT_EQ(sample.options.print_freq, 2);
}

TEST(CommandLine, FlagsCanBeTurnedOff) {
  Sample sample;
  sample.parse({"--no-pin", "--amp=false"});
  EXPECT_FALSE(sample.options.pin);
  EXPECT_FALSE(sample.options.amp);
}

TEST(CommandLine, LastOneWins) {
  Sample sample;
  sample.parse({"--lr", "0.1", "--lr", "0.3", "--amp", "--no-amp"});
  EXPECT_EQ(sample.options.lr, 0.3);
  EXPECT_FALSE(sample.options.amp);
}

TEST(CommandLine, ListsByCommaOrRepetition) {
  Sample sample;
  sample.parse({"--milestones", "30,60", "--milestones", "80"});
  EXPECT_EQ(sample.options.milestones, (std::vector<int>{30, 60, 80}));
}

TEST(CommandLine, UnsplitListsKeepTheirCommas) {
  OptionTable table("t", "T.", "1");
  std::vector<std::string> variables;
  table.add("--export,-x", variables, "variables").unsplit();
  table.parse({"-x", "A=1,2", "--export=B"});
  EXPECT_EQ(variables, (std::vector<std::string>{"A=1,2", "B"}));
}

TEST(CommandLine, NegativeNumbersAreValues) {
  Sample sample;
  EXPECT_ERROR(UsageError, "--lr: -1.0 is too small", sample.parse({"--lr", "-1"}));
  EXPECT_ERROR(UsageError, "--seed: '-3' is not a non-negative integer", sample.parse({"--seed", "-3"}));
}

TEST(CommandLine, UnknownFlagsAreRefusedWithTheClosestName) {
  Sample sample;
  EXPECT_ERROR(UsageError, "unknown option --batchsize; did you mean '--batch-size'?",
               sample.parse({"--batchsize", "8"}));
  EXPECT_ERROR(UsageError, "did you mean '--milestones'?", sample.parse({"--milestone=8"}));
  EXPECT_ERROR(UsageError, "did you mean '--print-freq'?", sample.parse({"--print", "8"}));
  EXPECT_ERROR(UsageError, "did you mean '--lr'?", sample.parse({"--rl", "8"}));
  EXPECT_ERROR(UsageError, "unknown option --frobnicate\n", sample.parse({"--frobnicate"}));
  EXPECT_ERROR(UsageError, "unknown option -z", sample.parse({"-z"}));
}

TEST(CommandLine, MissingValue) {
  Sample sample;
  EXPECT_ERROR(UsageError, "--lr has no value\n", sample.parse({"--lr"}));
  EXPECT_ERROR(UsageError, "--model has no value: --lr, which follows, is an option", sample.parse({"--model", "--lr", "1"}));
  EXPECT_ERROR(UsageError, "--data-path: an empty value", sample.parse({"--data-path", ""}));
  EXPECT_ERROR(UsageError, "--model has no value", sample.parse({"--model="}));
}

TEST(CommandLine, AProgramsOwnWordsAreNotLookedAt) {
  OptionTable table("run", "Runs.", "1");
  std::string name;
  std::vector<std::string> program;
  table.add("--name", name, "a name");
  table.rest("PROGRAM", program, "what to start");
  table.parse({"--name", "x", "train", "--name", "--name"});
  EXPECT_EQ(name, "x");
  EXPECT_EQ(program, (std::vector<std::string>{"train", "--name", "--name"}));
}

TEST(CommandLine, StrayWords) {
  Sample sample;
  EXPECT_ERROR(UsageError, "unexpected argument 'stray'", sample.parse({"--lr", "0.1", "stray"}));
}

TEST(CommandLine, PlainArguments) {
  OptionTable table("show", "Shows.", "1");
  std::string id, pattern = "*";
  bool json = false;
  table.argument("ID", id, "the run").argument("PATTERN", pattern, "files", false);
  table.add("--json", json, "as JSON");
  table.parse({"abc", "--json"});
  EXPECT_EQ(id, "abc");
  EXPECT_EQ(pattern, "*");
  EXPECT_TRUE(json);
  table.parse({"--", "--odd", "p"});
  EXPECT_EQ(id, "--odd");
  EXPECT_EQ(pattern, "p");
  EXPECT_ERROR(UsageError, "ID is missing", table.parse({"--json"}));
  EXPECT_ERROR(UsageError, "unexpected argument 'c'", table.parse({"a", "b", "c"}));
}

struct Launch {
  int ranks = 1;
  std::string hosts;
  std::vector<std::string> program;
  OptionTable table{"run", "Runs.", "1"};
  Launch() {
    table.add("--num-ranks,-np,-n", ranks, "ranks");
    table.add("--host,-H", hosts, "hosts");
    table.rest("PROGRAM [ARGS...]", program, "what to run");
  }
};

TEST(CommandLine, AnotherProgramsCommandLineIsLeftAlone) {
  const std::vector<std::string> program{"trainer", "--lr", "0.1", "-np", "--", "--num_epochs"};
  for (const bool marker : {false, true}) {
    std::vector<std::string> words{"-np", "4", "-H", "a:2,b:2"};
    if (marker) words.push_back("--");
    words.insert(words.end(), program.begin(), program.end());
    Launch launch;
    launch.table.parse(words);
    EXPECT_EQ(launch.ranks, 4);
    EXPECT_EQ(launch.hosts, "a:2,b:2");
    EXPECT_EQ(launch.program, program) << "with marker: " << marker;
  }
}

TEST(CommandLine, UnknownOptionBeforeTheProgram) {
  Launch launch;
  EXPECT_ERROR(UsageError, "unknown option --hosts; did you mean '--host'?",
               launch.table.parse({"--hosts", "a", "trainer"}));
}

}  // namespace
}  // namespace skein
