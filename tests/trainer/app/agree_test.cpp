#include "trainer/agree.h"

#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "runtime/process/text.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

/// What each of three ranks (threads) gets told when `check` runs on all of them.
std::vector<std::string> told(const std::function<void(Communicator&)>& check) {
  std::vector<std::string> result(3);
  std::mutex mutex;
  run_ranks({3}, [&](Communicator& communicator) {
    std::string text = "goes on";
    try {
      check(communicator);
    } catch (const RefusedStart& refused) {
      text = concat(refused.exit_code(), " by ", refused.reporter(), ": ", refused.what());
    }
    std::lock_guard lock(mutex);
    result[communicator.rank()] = text;
  });
  return result;
}

void expect_all(const std::vector<std::string>& texts, const std::string& expected) {
  for (const std::string& text : texts) EXPECT_EQ(text, expected);
}

TEST(CheckOnAllRanks, GoesOnWhereNobodyComplains) {
  expect_all(told([](Communicator& ranks) { check_on_all_ranks(ranks, [] {}); }), "goes on");
}

TEST(CheckOnAllRanks, LetsTheRankThatComplainsReport) {
  expect_all(told([](Communicator& ranks) {
               check_on_all_ranks(ranks, [&] {
                 if (ranks.rank() == 1) throw DataError("no picture", "get one");
               });
             }),
             "4 by 1: no picture\n  remedy: get one");
}

TEST(CheckOnAllRanks, NamesTheRanksThatSayDifferentThings) {
  for (const std::string& text : told([](Communicator& ranks) {
         check_on_all_ranks(ranks, [&] {
           if (ranks.rank() > 0) throw DataError(concat("no picture ", ranks.rank()));
         });
       })) {
    EXPECT_NE(text.find("rank 1: no picture 1\nrank 2: no picture 2"), std::string::npos) << text;
  }
}

TEST(CheckOnAllRanks, SaysOnceWhatAllSay) {
  expect_all(told([](Communicator& ranks) { check_on_all_ranks(ranks, [] { throw StorageError("disk full"); }); }),
             "8 by 0: disk full");
}

TEST(CheckSameOptions, NamesRankAndFlag) {
  const auto texts = told([](Communicator& ranks) {
    check_same_options(ranks, {{"lr", ranks.rank() == 2 ? 0.2 : 0.1}, {"seed", 1}});
  });
  for (const std::string& text : texts) {
    EXPECT_TRUE(text.starts_with("5 by 0: ")) << text;
    EXPECT_NE(text.find("rank 2: --lr 0.2, rank 0: --lr 0.1"), std::string::npos) << text;
    EXPECT_EQ(text.find("rank 1"), std::string::npos) << text;
  }
  expect_all(told([](Communicator& ranks) { check_same_options(ranks, {{"lr", 0.1}}); }), "goes on");
}

TEST(CheckSameData, ShowsWhatEachRankSees) {
  const auto texts = told([](Communicator& ranks) {
    const std::string seen = concat(10 + ranks.rank() / 2, " images");
    check_same_data(ranks, seen, seen);
  });
  for (const std::string& text : texts) EXPECT_NE(text.find("rank 2: 11 images"), std::string::npos) << text;
}

}  // namespace
}  // namespace skein
