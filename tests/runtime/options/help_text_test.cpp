#include "runtime/options/help_text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/runtime/options/sample_options.h"

namespace skein {
namespace {

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin:\n" << text;
}

TEST(HelpText, ShowsNamesUnitsChoicesRangesAndDefaults) {
  Sample sample;
  sample.parse({"--lr", "9"});  // the default shown stays the default
  const std::string help = sample.table.help();
  expect_contains(help, "Usage: sample [options]\n\nDoes things.\n");
  expect_contains(help, "-b, --batch-size IMAGES       images per rank and step [at least 1; default: 32]");
  expect_contains(help, "network [resnet18, resnet50; default: resnet18]");
  expect_contains(help, "--epochs, --num_epochs N");
  expect_contains(help, "learning rate [more than 0; default: 0.1]");
  expect_contains(help, "largest gradient norm [0 to 100]");
  expect_contains(help, "--[no-]pin                    pinned memory [default: on]");
  expect_contains(help, "--version");
}

TEST(HelpText, GroupsInOrder) {
  Sample sample;
  const std::string help = sample.table.help();
  EXPECT_LT(help.find("\nData\n"), help.find("\nModel\n"));
  EXPECT_LT(help.find("\nModel\n"), help.find("\nTraining\n"));
}

TEST(HelpText, LinesFit) {
  std::string text;
  OptionTable table("t", "T.", "1");
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word ";
  table.add("--a-very-long-option-name-of-no-use", text, words);
  std::istringstream lines(table.help());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(HelpText, PlainArguments) {
  OptionTable table("t", "T.", "1");
  std::string id, other;
  table.argument("ID", id, "the run").argument("PATTERN", other, "files", false);
  expect_contains(table.help(), "Usage: t [options] ID [PATTERN]\n");
  expect_contains(table.help(), "  ID                            the run\n");
}

}  // namespace
}  // namespace skein
