// Small pure pieces: run_id, run_state, utc_time.

#include <gtest/gtest.h>

#include <set>

#include "runtime/process/error.h"
#include "runtime/process/utc_time.h"
#include "runtime/run/run_id.h"
#include "runtime/run/run_state.h"

namespace skein {
namespace {

TEST(UtcTime, TextAndBack) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(1767225600.4825), "2026-01-01T00:00:00.483Z");
  EXPECT_EQ(utc_text(1709209799.9996), "2024-02-29T12:30:00.000Z");
  for (const double time : {0.0, 1767225600.482, 1709209800.001, 4102444799.999})
    EXPECT_NEAR(parse_utc(utc_text(time)).value(), time, 1e-6);
  for (const char* text : {"", "yesterday", "2026-01-01", "2026-01-01T00:00:00.000", "2026-01-01T00:00:00.000Zx"})
    EXPECT_FALSE(parse_utc(text)) << text;
}

TEST(RunId, ManyAtOnceAreDistinctAndSortByTime) {
  std::set<std::string> ids;
  std::string before;
  constexpr int kMany = 200;
  for (int i = 0; i < kMany; ++i) {
    const std::string id = make_run_id();
    EXPECT_NO_THROW(check_directory_name("--run-id", id));
    EXPECT_LE(before, id.substr(0, 19));
    before = id.substr(0, 19);
    ids.insert(id);
  }
  // Four random letters a millisecond: a collision among these is possible, several are not.
  EXPECT_GE(ids.size(), kMany - 1u);
}

TEST(RunId, NamesThatAreNoFileNames) {
  for (const char* good : {"a", "birds-2", "20260131-101530-482-k7f2", "A.b_c", "7"})
    EXPECT_NO_THROW(check_directory_name("--run-id", good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("-x"),
        std::string(".hidden"), std::string("a b"), std::string("a\n"), std::string(129, 'a')})
    EXPECT_THROW(check_directory_name("--run-id", bad), UsageError) << bad;
}

TEST(RunState, NamesRoundTrip) {
  for (int i = 0; i <= static_cast<int>(RunState::kNotResponding); ++i) {
    const auto state = static_cast<RunState>(i);
    EXPECT_EQ(parse_state(state_name(state)), state);
  }
  EXPECT_FALSE(parse_state("Sleeping"));
}

TEST(RunState, LegalTransitions) {
  using enum RunState;
  constexpr RunState kAll[] = {kNotStarted, kStarting,  kPreparing, kRunning,
                               kFinalizing, kCompleted, kFailed,    kCanceled};
  for (const RunState from : kAll) {
    EXPECT_FALSE(is_legal_transition(from, from));
    EXPECT_FALSE(is_legal_transition(from, kNotResponding));
    EXPECT_FALSE(is_legal_transition(from, kNotStarted));
    EXPECT_EQ(is_legal_transition(from, kFailed), !is_final(from));
    EXPECT_EQ(is_legal_transition(from, kCanceled), !is_final(from));
    EXPECT_EQ(is_legal_transition(from, kCompleted), from == kFinalizing);
  }
  EXPECT_TRUE(is_legal_transition(kNotStarted, kStarting));
  EXPECT_TRUE(is_legal_transition(kStarting, kRunning));
  EXPECT_TRUE(is_legal_transition(kRunning, kFinalizing));
  EXPECT_FALSE(is_legal_transition(kRunning, kPreparing));
  EXPECT_FALSE(is_legal_transition(kFinalizing, kRunning));
}

}  // namespace
}  // namespace skein
