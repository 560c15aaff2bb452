// Which rank and call diverged first, in jobs made up for it.

#include "runtime/trace/divergence.h"

#include <gtest/gtest.h>

#include "tests/runtime/trace/job.h"

namespace skein {
namespace {

using Kind = Divergence::Kind;
using Ranks = std::vector<int>;
using enum CallState;

const Ranks kAll{0, 1, 2};

/// All of three ranks that left something have one call of all behind them, and `who` are in the next.
MadeUpJob job_in_second_call(const Ranks& missing, const Ranks& who, CallState state) {
  MadeUpJob made(3, missing);
  for (const auto& [rank, report] : made.job().ranks) made.call(rank, "world", kAll, "first", kFinished, 1);
  for (const int rank : who) made.call(rank, "world", kAll, "second", state, 10 + rank);
  return made;
}

void expect_verdict(const Divergence& divergence, Kind kind, const Ranks& culprits, std::uint64_t sequence = 1) {
  EXPECT_EQ(divergence_kind_name(divergence.kind), divergence_kind_name(kind));
  EXPECT_EQ(divergence.culprits, culprits);
  EXPECT_EQ(divergence.sequence, sequence);
}

TEST(Divergence, OfARankThatAskedForSomethingElse) {
  MadeUpJob made = job_in_second_call({}, {0, 2}, kMet);
  made.call(1, "world", kAll, "other", kMet, 10);
  expect_verdict(first_divergence(made.job()), Kind::kMismatch, {1});
}

TEST(Divergence, OfTwoHalvesNamesNobody) {
  MadeUpJob made(2);
  made.call(0, "world", {0, 1}, "a", kMet, 1).call(1, "world", {0, 1}, "b", kMet, 1);
  expect_verdict(first_divergence(made.job()), Kind::kMismatch, {}, 0);
}

TEST(Divergence, OfAStragglerAndOfARankThatLeftEarly) {
  MadeUpJob made = job_in_second_call({}, {0, 2}, kWaiting);
  expect_verdict(first_divergence(made.job()), Kind::kNeverArrived, {1});
  EXPECT_EQ(first_divergence(made.job()).states.at(1), RankAtCall::kAbsent);
  made.job().ranks.at(1).communicators.at("world").ended = true;
  expect_verdict(first_divergence(made.job()), Kind::kEnded, {1});
}

TEST(Divergence, OfARankThatFailedByItselfOrLeftNothing) {
  MadeUpJob made = job_in_second_call({}, {0, 2}, kWaiting);
  made.error(1, "DataError", 101);
  expect_verdict(first_divergence(made.job()), Kind::kFailed, {1});
  EXPECT_EQ(first_error(made.job())->rank, 1);
  expect_verdict(first_divergence(job_in_second_call({1}, {0, 2}, kWaiting).job()), Kind::kDied, {1});
  expect_verdict(first_divergence(job_in_second_call({1}, {0, 2}, kMet).job()), Kind::kDied, {1});
}

TEST(Divergence, OfARankThatLeftNothingIsNotInACallThatOthersHaveReturnedFrom) {
  MadeUpJob made = job_in_second_call({1}, {0, 2}, kFinished);
  expect_verdict(first_divergence(made.job()), Kind::kNone, {}, 0);
  made.call(0, "world", kAll, "third", kWaiting, 20);
  expect_verdict(first_divergence(made.job()), Kind::kDied, {1}, 2);
}

TEST(Divergence, WhereAllHadCome) {
  expect_verdict(first_divergence(job_in_second_call({}, {0, 1, 2}, kMet).job()), Kind::kAllArrived, {});
  MadeUpJob made = job_in_second_call({}, {0, 1}, kFinished);
  made.call(2, "world", kAll, "second", kMet, 10);
  made.call(0, "world", kAll, "third", kWaiting, 20);
  expect_verdict(first_divergence(made.job()), Kind::kAllArrived, {2});
}

TEST(Divergence, InACallThatIsMadeOfOthersIsInThese) {
  MadeUpJob made = job_in_second_call({}, {0, 1, 2}, kMet);
  for (const int rank : {0, 2}) made.call(rank, "world", kAll, "part", kWaiting, 20);
  made.job().ranks.at(1).communicators.at("world").calls.at(1).met.reset();
  const Divergence found = first_divergence(made.job());
  EXPECT_EQ(found.sequence, 2u);
}

TEST(Divergence, BeginsWhereTheMissingRankIsStuckInNothingElse) {
  MadeUpJob made(3);
  made.call(0, "world", kAll, "sum", kWaiting, 1);       // waits for 1, which
  made.call(1, "world/1-2", {1, 2}, "sum", kWaiting, 5);  // waits for 2
  const Divergence found = first_divergence(made.job());
  expect_verdict(found, Kind::kNeverArrived, {2}, 0);
  EXPECT_EQ(found.communicator, "world/1-2");
  made.call(2, "world", kAll, "sum", kWaiting, 6);  // which waits for 1
  expect_verdict(first_divergence(made.job()), Kind::kDeadlock, {1}, 0);
}

TEST(Divergence, OfNoCallLeavesTheFirstError) {
  MadeUpJob made = job_in_second_call({}, {}, kFinished);
  made.error(0, "PeerLost", 90).error(2, "StorageError", 99);
  expect_verdict(first_divergence(made.job()), Kind::kNone, {}, 0);
  EXPECT_EQ(first_error(made.job())->rank, 2);
}

}  // namespace
}  // namespace skein
