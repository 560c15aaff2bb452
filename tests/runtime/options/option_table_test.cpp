#include "runtime/options/option_table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/process/error.h"
#include "tests/runtime/options/sample_options.h"
#include "tests/support/expect_error.h"

namespace skein {
namespace {

TEST(OptionTable, DefaultsStay) {
  Sample sample;
  EXPECT_EQ(sample.parse({}).action, ParseResult::Action::kRun);
  EXPECT_EQ(sample.options.lr, 0.1);
  EXPECT_EQ(sample.options.batch_size, 32);
}

TEST(OptionTable, ValuesHoldEveryOption) {
  Sample sample;
  sample.parse({"--lr", "0.2", "--weights", "/dev/null"});
  const nlohmann::json values = sample.table.values();
  EXPECT_EQ(values.size(), sample.table.options().size() - 1) << "all but --config";
  EXPECT_EQ(values.at("lr"), 0.2);
  EXPECT_EQ(values.at("weights"), "/dev/null");
  EXPECT_TRUE(values.at("clip").is_null());
  EXPECT_EQ(values.at("milestones"), nlohmann::json::array());
  EXPECT_EQ(values.at("data_path"), "data");
}

TEST(OptionTable, RanksCompareComparedOptionsOnly) {
  Sample plain, other_lr, other_print;
  plain.parse({});
  other_lr.parse({"--lr", "0.2"});
  other_print.parse({"--print-freq", "99"});
  EXPECT_NE(plain.table.compared_values(), other_lr.table.compared_values());
  EXPECT_EQ(plain.table.compared_values(), other_print.table.compared_values());
  EXPECT_NE(plain.table.values(), other_print.table.values());
}

TEST(OptionTable, BadValuesNameTheFlagAndTheRemedy) {
  Sample sample;
  EXPECT_ERROR(UsageError, "--batch-size: 'many' is not an integer", sample.parse({"-b", "many"}));
  EXPECT_ERROR(UsageError, "--batch-size: 99999999999 is too large: the limit is 2147483647", sample.parse({"-b", "99999999999"}));
  EXPECT_ERROR(UsageError, "--batch-size: 0 is too small: it must be at least 1", sample.parse({"-b", "0"}));
  EXPECT_ERROR(UsageError, "--clip: 101.0 is out of range: it must be 0 to 100", sample.parse({"--clip", "101"}));
  EXPECT_ERROR(UsageError, "--lr: 'nan' is not a finite number", sample.parse({"--lr", "nan"}));
  EXPECT_ERROR(UsageError, "--lr: '0.1x' is not a number", sample.parse({"--lr", "0.1x"}));
  EXPECT_ERROR(UsageError, "--milestones: 0 is too small", sample.parse({"--milestones", "3,0"}));
  EXPECT_ERROR(UsageError, "remedy: give --batch-size IMAGES: images per rank and step", sample.parse({"-b", "0"}));
  EXPECT_ERROR(UsageError, "'resnet81' is not one of resnet18, resnet50; did you mean 'resnet18'?",
               sample.parse({"--model", "resnet81"}));
  EXPECT_ERROR(UsageError, "--weights: /nowhere does not exist", sample.parse({"--weights", "/nowhere"}));
}

TEST(OptionTable, ABadValueLeavesTheVariableAlone) {
  Sample sample;
  EXPECT_THROW(sample.parse({"-b", "0"}), UsageError);
  EXPECT_EQ(sample.options.batch_size, 32);
}

TEST(OptionTable, RequiredOptions) {
  std::filesystem::path data;
  OptionTable table("t", "T.", "1");
  table.add("--data-path", data, "directory with train/ and val/").required();
  EXPECT_ERROR(UsageError, "--data-path is required: directory with train/ and val/",
               table.parse(std::vector<std::string>{}));
  table.parse({"--data-path", "/tmp"});
  EXPECT_EQ(data, "/tmp");
}

TEST(OptionTable, HelpAndVersionDoNotRun) {
  Sample sample;
  for (const char* flag : {"-h", "--help"}) {
    const ParseResult result = sample.parse({flag, "--lr", "nonsense"});
    EXPECT_EQ(result.action, ParseResult::Action::kPrint);
    EXPECT_EQ(result.text, sample.table.help());
  }
  const ParseResult version = sample.parse({"--version"});
  EXPECT_EQ(version.action, ParseResult::Action::kPrint);
  EXPECT_EQ(version.text, "sample 1.2.3\n");
}

TEST(OptionTable, PrintsWhatThereIsToPrint) {
  Sample sample;
  sample.table.examples("Examples\n  sample --lr 0.7\n");
  std::ostringstream out;
  EXPECT_TRUE(sample.table.parse_or_print({"--lr", "0.7"}, out));
  EXPECT_EQ(out.str(), "");
  EXPECT_FALSE(sample.table.parse_or_print({"--help"}, out));
  EXPECT_EQ(out.str(), sample.table.help());
  EXPECT_TRUE(out.str().ends_with("\n\nExamples\n  sample --lr 0.7\n"));
  out.str("");
  EXPECT_FALSE(sample.table.parse_or_print({"--version"}, out));
  EXPECT_EQ(out.str(), "sample 1.2.3\n");
}

TEST(OptionTable, MainStyleArguments) {
  Sample sample;
  const char* argv[] = {"sample", "--lr", "0.7"};
  sample.table.parse(3, argv);
  EXPECT_EQ(sample.options.lr, 0.7);
}

TEST(OptionTable, MistakesInTheProgramAreErrors) {
  int number = 0;
  OptionTable table("t", "T.", "1");
  table.add("--one,-o", number, "first");
  EXPECT_THROW(table.add("--two,-o", number, "taken"), Error);
  EXPECT_THROW(table.add("--help", number, "taken"), Error);
  EXPECT_THROW(table.add("plain", number, "no dashes"), Error);
  EXPECT_THROW(table.add("--with_underscore", number, "first name with an underscore"), Error);
}

}  // namespace
}  // namespace skein
