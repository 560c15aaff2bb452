#include "runtime/options/compare_options.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/runtime/options/sample_options.h"

namespace skein {
namespace {

TEST(CompareOptions, NamesRanksFlagsAndValues) {
  Sample zero, one;
  zero.parse({"--lr", "0.1"});
  one.parse({"--lr", "0.2"});
  EXPECT_EQ(describe_option_difference(1, one.table.compared_values(), 0, zero.table.compared_values()),
            "rank 1: --lr 0.2, rank 0: --lr 0.1");
}

TEST(CompareOptions, AgreementIsEmpty) {
  Sample zero, one;
  zero.parse({"--print-freq", "3"});
  one.parse({});
  EXPECT_EQ(describe_option_difference(1, one.table.compared_values(), 0, zero.table.compared_values()), "");
}

TEST(CompareOptions, EveryKindOfValue) {
  Sample zero, one;
  zero.parse({"--batch_size", "4", "--clip", "2"});
  one.parse({"--amp", "--milestones", "1,2", "--model", "resnet50"});
  const auto differences = compare_options(zero.table.compared_values(), one.table.compared_values());
  std::string all;
  for (const auto& d : differences) all += d.flag + " " + d.left + "|" + d.right + "\n";
  EXPECT_EQ(all,
            "--amp false|true\n--batch-size 4|32\n--clip 2.0|(unset)\n--milestones ''|1,2\n--model "
            "resnet18|resnet50\n");
}

TEST(CompareOptions, AnOptionOneSideDoesNotKnow) {
  const auto differences = compare_options(nlohmann::json{{"lr", 1}}, nlohmann::json{{"lr", 1}, {"new_one", 2}});
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].flag, "--new-one");
  EXPECT_EQ(differences[0].left, "(unknown)");
}

}  // namespace
}  // namespace skein
